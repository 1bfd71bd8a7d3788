/** End points: how streams come in from, and go out to, other programs over TCP and unix sockets. */
export type { AddressOptions, Peer } from './address.js';
export type { ReconnectOptions } from './backoff.js';
export type { ClientEndpointEvents, ClientEndpointOptions, Departure, Retry } from './client-endpoint.js';
export { ClientEndpoint } from './client-endpoint.js';
export type { SinkChoice, TcpClientSinkOptions } from './client-sink.js';
export { ClientSink, TcpClientSink } from './client-sink.js';
export type { IntakeOptions, TcpClientSourceOptions } from './client-source.js';
export { ClientSource, TcpClientSource } from './client-source.js';
export { HttpClientSink, HttpClientSource } from './http.js';
export type { Refused, ServerEndpointEvents, ServerEndpointOptions } from './server-endpoint.js';
export { ServerEndpoint } from './server-endpoint.js';
export type { TcpServerSinkEvents, TcpServerSinkOptions } from './server-sink.js';
export { TcpServerSink } from './server-sink.js';
export type { TcpServerSourceEvents, TcpServerSourceOptions } from './server-source.js';
export { TcpServerSource } from './server-source.js';
