/** What client-removed says, from a record of the addon or of a client that never had a slot. */
import { REASONS, RECORD } from '../binding.js';
import { systemError } from '../errors.js';
import type { ClientRemoved, RemovalReason, SinkClient } from './client.js';

/** A clientRemoved record; `operation`: what failed. */
export function removalOf(
  client: SinkClient,
  records: Float64Array,
  offset: number,
  operation: string,
): ClientRemoved {
  const [, , , reason = 0, errno = 0, bytesSent = 0, connectedAt = 0, durationMs = 0, framesDropped = 0] =
    records.subarray(offset, offset + RECORD.fields);
  const removed: ClientRemoved = {
    client,
    reason: REASONS[reason] as RemovalReason,
    stats: { bytesSent, connectedAt, durationMs, framesDropped },
  };
  if (errno > 0) removed.error = systemError(errno, operation, `client ${client.id}`);
  return removed;
}

/** Of a client that has left before its descriptor was there. */
export function unserved(
  client: SinkClient,
  reason: RemovalReason,
  error?: ClientRemoved['error'],
): ClientRemoved {
  const removed: ClientRemoved = {
    client,
    reason,
    stats: { bytesSent: 0, connectedAt: Date.now(), durationMs: 0, framesDropped: 0 },
  };
  if (error !== undefined) removed.error = error;
  return removed;
}
