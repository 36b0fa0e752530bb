/** Creates what replaces random ids in texts by their order: the same id by the same one in every text */
export function createIdReplacer(): (text: string) => string {
  const ids = new Map<string, string>();
  return (text) =>
    text.replace(/[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}/g, (id) => {
      if (!ids.has(id)) ids.set(id, `id-${ids.size}`);
      return ids.get(id)!;
    });
}
