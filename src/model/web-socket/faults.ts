interface Fault {
  text: string;
  /** What the server is told in a close frame; null before the socket is open. */
  closeCode: number | null;
}

const before = (text: string): Fault => ({ text, closeCode: null });
const protocol = (text: string): Fault => ({ text, closeCode: 1002 });

/** Why a connection failed. None is worth a second try on the same socket, each may pass on another one. */
export const faults = {
  unreachable: before('the server cannot be reached, or its certificate is not trusted'),
  handshake_timeout: before('the server did not answer the handshake in time'),
  handshake_ended: before('the server ended the connection within the handshake'),
  handshake_too_long: before("the head of the server's answer is too long"),
  handshake_malformed: before("the server's answer is no HTTP/1.1"),
  upgrade_missing: before('the server answered 101 without Upgrade: websocket or Connection: Upgrade'),
  accept_wrong: before('the server answered with a wrong Sec-WebSocket-Accept'),
  extension_unasked: before('the server chose an extension that was not offered'),
  subprotocol_unasked: before('the server chose a subprotocol that was not offered'),
  reserved_bits: protocol('a frame has reserved bits set'),
  reserved_opcode: protocol('a frame has a reserved opcode'),
  masked: protocol('a frame of the server is masked'),
  control_fragmented: protocol('a control frame is fragmented'),
  control_too_long: protocol('a control frame has more than 125 bytes'),
  continuation_unexpected: protocol('a continuation without a message'),
  message_unfinished: protocol('a message begins within another one'),
  length_malformed: protocol('a length has its highest bit set'),
  close_malformed: protocol('a close frame has half a code'),
  close_code_invalid: protocol('a close frame has a code that may not be sent'),
  close_reason_invalid: { text: 'the reason of a close frame is not UTF-8', closeCode: 1007 },
  text_invalid: { text: 'a text message is not UTF-8', closeCode: 1007 },
  message_too_long: { text: 'a message is longer than the bound', closeCode: 1009 },
} as const satisfies Record<string, Fault>;

export type FaultCode = keyof typeof faults;
