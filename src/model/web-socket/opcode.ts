/** RFC 6455, 5.2. */
export const opcode = { continuation: 0, text: 1, binary: 2, close: 8, ping: 9, pong: 10 } as const;

/** Opcodes from here on are control frames. */
export const controlMin = 8;
/** The longest payload of a control frame. */
export const controlBytesMax = 125;
/** In the second byte of a frame: the length follows in 16 bits, in 64 bits. */
export const length16 = 126;
export const length64 = 127;
/** The longest payload whose length fits 16 bits. */
export const length16Max = 65_535;
export const finalBit = 0x80;
export const maskBit = 0x80;
