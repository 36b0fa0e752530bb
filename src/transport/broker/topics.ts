/** The topics of a fleet, all below the topic that its author has chosen. */
export interface FleetTopics {
  /** Requests, to publish. Any one worker takes each. */
  requests: string;
  /** Requests, to subscribe: the broker gives each to one of the workers. */
  sharedRequests: string;
  /** What every worker has to know. */
  workers: string;
  /** What every front has to know. */
  fronts: string;
  /** What only one worker has to know. */
  worker(id: string): string;
  /** Answers for one front. */
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
