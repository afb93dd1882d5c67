/** The frame had no code (RFC 6455, 7.1.5). */
export const noCode = 1005;
/** The connection ended without a close frame. */
export const abnormalCode = 1006;

const definedMax = 1014;
const privateMin = 3000;
const privateMax = 4999;

/** May a close frame say it? RFC 6455, 7.4 and the codes registered since. */
export function isSendable(code: number): boolean {
  if (code >= privateMin && code <= privateMax) return true;
  return code >= 1000 && code <= definedMax && code !== 1004 && code !== noCode && code !== abnormalCode;
}
