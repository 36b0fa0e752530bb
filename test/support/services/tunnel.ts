import { connect, createServer, type Server, type Socket } from "node:net";

/** An HTTP proxy that opens tunnels and records the heads of CONNECT requests. */
export class Tunnel {
  readonly heads: string[] = [];
  /** A raw response that is sent instead of a tunnel. */
  refusal: string | undefined;
  private readonly sockets = new Set<Socket>();
  private readonly server: Server;

  private constructor() {
    this.server = createServer((socket) => this.serve(socket));
  }

  static async start(): Promise<Tunnel> {
    const tunnel = new Tunnel();
    await new Promise<void>((resolve) => tunnel.server.listen(0, "127.0.0.1", resolve));
    return tunnel;
  }

  get port(): number {
    return (this.server.address() as { port: number }).port;
  }

  close(): Promise<void> {
    for (const socket of this.sockets) socket.destroy();
    return new Promise((resolve) => this.server.close(() => resolve()));
  }

  private serve(socket: Socket): void {
    this.track(socket);
    socket.once("data", (data) => {
      const head = data.toString("latin1");
      this.heads.push(head);
      if (this.refusal) {
        socket.end(this.refusal);
        return;
      }
      const [, host, port] = /^CONNECT ([^:]+):(\d+)/.exec(head)!;
      const target = connect(Number(port), host);
      this.track(target);
      target.on("connect", () => {
        socket.write("HTTP/1.1 200 OK\r\n\r\n");
        socket.pipe(target).pipe(socket);
      });
    });
  }

  private track(socket: Socket): void {
    this.sockets.add(socket);
    socket.on("error", () => {});
    socket.on("close", () => this.sockets.delete(socket));
  }
}
