/** The totals of a sink, as its user reads them. */

export interface SinkStats {
  /** Clients now, those on their way included. */
  clients: number;
  clientsAdded: number;
  clientsRemoved: number;
  /** Media bytes pushed. */
  bytesToServe: number;
  /** Bytes written to all clients together. */
  bytesServed: number;
  /** Frames kept, on the loop that keeps most. */
  framesQueued: number;
  bytesQueued: number;
  /** What counts against memoryCap. */
  bytesHeld: number;
  /** ms of stream kept, on the loop that keeps most. */
  msQueued: number;
  /** Write calls made. */
  sends: number;
  /** Clients on the loops by their state (see ClientState), as of each loop's last turn. */
  clientsByState: { ready: number; caughtUp: number; waiting: number; blocked: number; lingering: number };
}

/** Totals that the addon keeps: its seven figures and the clients in each ClientState (native/addon/sink_doors.cc). */
export type Figures = ArrayLike<number>;

/** What is left of the figures when a sink has closed. */
export function lastFigures(bytesToServe: number, bytesServed: number, sends: number): Figures {
  return [bytesToServe, bytesServed, 0, 0, 0, sends];
}

export function statsOf(
  figures: Figures,
  counted: Pick<SinkStats, 'clients' | 'clientsAdded' | 'clientsRemoved'>,
): SinkStats {
  const at = (index: number): number => figures[index] ?? 0;
  return {
    ...counted,
    bytesToServe: at(0),
    bytesServed: at(1),
    framesQueued: at(2),
    bytesQueued: at(3),
    msQueued: at(6),
    bytesHeld: at(4),
    sends: at(5),
    clientsByState: {
      caughtUp: at(8),
      ready: at(9),
      waiting: at(10),
      blocked: at(11),
      lingering: at(12),
    },
  };
}
