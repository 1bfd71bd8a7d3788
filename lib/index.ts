/** flumen: one live stream to ten thousand receivers. See docs/ for the guide. */

export type {
  AddressOptions,
  ClientEndpointEvents,
  ClientEndpointOptions,
  Departure,
  IntakeOptions,
  Peer,
  ReconnectOptions,
  Refused,
  Retry,
  ServerEndpointEvents,
  ServerEndpointOptions,
  SinkChoice,
  TcpClientSinkOptions,
  TcpClientSourceOptions,
  TcpServerSinkEvents,
  TcpServerSinkOptions,
  TcpServerSourceEvents,
  TcpServerSourceOptions,
} from './endpoint/index.js';
export { TcpClientSink, TcpClientSource, TcpServerSink, TcpServerSource } from './endpoint/index.js';
export type { Diagnostics, EnvironmentOptions } from './environment.js';
export { configure, diagnostics } from './environment.js';
export type { SystemError } from './errors.js';
export type { GdpEncoderOptions, GdpItem } from './gdp/encoder.js';
export { GdpEncoder } from './gdp/encoder.js';
export { GdpError } from './gdp/error.js';
export type { EventType } from './gdp/event.js';
export { Event } from './gdp/event.js';
export type { FrameMeta } from './gdp/frame.js';
export { Frame } from './gdp/frame.js';
export type { GdpPacket, GdpPacketBase, GdpWire } from './gdp/packet.js';
export { GdpCaps, GdpEvent, GdpFrame } from './gdp/packet.js';
export type { GdpParserOptions, GdpRecognition } from './gdp/parser.js';
export { GdpParser, recogniseGdp } from './gdp/parser.js';
export type { Reference } from './gdp/reference.js';
export {
  GdpEncoderStream,
  GdpEncoderTransform,
  GdpParserStream,
  GdpParserTransform,
} from './gdp/transforms.js';
export type { StreamInfo } from './ingest/upload.js';
export type { Authenticate, ListenerRequest } from './server/listeners.js';
export type { Listener, Mount } from './server/mount.js';
export type { ServerEvents, ServerOptions } from './server/server.js';
export { createServer, FlumenServer } from './server/server.js';
export type {
  AddOptions,
  Client,
  ClientRemoved,
  ClientStats,
  OnData,
  RemovalReason,
  RemoveOptions,
  SinkEvents,
} from './sink/client.js';
export type { FrameInfo } from './sink/frame.js';
export type { ClientState, ClientStatistics } from './sink/inquiries.js';
export { MultiFdSink } from './sink/multi-fd-sink.js';
export { MultiHandleSink } from './sink/multi-handle-sink.js';
export { MultiSocketSink } from './sink/multi-socket-sink.js';
export type { SinkOptions } from './sink/options.js';
export type { Pace } from './sink/pace.js';
export type { LimitOptions, RecoverPolicy, StartOptions, SyncMethod } from './sink/rules.js';
export type { SocketOptions } from './sink/socket-options.js';
export type { SinkStats } from './sink/stats.js';
export type { StreamState, StreamStateChange } from './sink/stream-state.js';
export type {
  AttachOptions,
  SourceError,
  SourceEvents,
  SourceOptions,
  StreamFormat,
} from './source/fd-source.js';
export { FdSource } from './source/fd-source.js';
export type {
  ContainerFormat,
  MisreadBytes,
  SkippedEvent,
  SourceWarning,
  StreamDescription,
} from './source/notes.js';
export { Caps } from './structure/caps.js';
export type { Segment, StreamStart, Tags, TagValue } from './structure/sticky-events.js';
export { Structure } from './structure/structure.js';
export type { CapsValue, FieldValue, StructureParts } from './structure/value.js';
export type { Amount } from './units.js';
