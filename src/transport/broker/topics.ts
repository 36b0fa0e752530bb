/**
 * The topics of a fleet, all below the one that its author has chosen. A fleet consists of *fronts*, which send requests, and
 * *workers*, which answer them.
 */
export interface FleetTopics {
  /** Where fronts publish requests. */
  requests: string;
  /** Where workers subscribe to requests: a shared subscription of MQTT 5, so that the broker gives each to one worker. */
  sharedRequests: string;
  /** Messages for all workers. */
  workers: string;
  /** Messages for all fronts. */
  fronts: string;
  /** Messages for one worker. */
  worker(id: string): string;
  /** Messages for one front: answers to its requests. */
  front(id: string): string;
}

const SHARE = "$share/chat-workers";

/** Names the topics of a fleet. @param topic the author's, without wildcards */
export function nameTopics(topic: string): FleetTopics {
  const requests = `${topic}/requests`;
  return {
    requests,
    sharedRequests: `${SHARE}/${requests}`,
    workers: `${topic}/workers`,
    fronts: `${topic}/fronts`,
    worker: (id) => `${topic}/workers/${id}`,
    front: (id) => `${topic}/fronts/${id}`,
  };
}
