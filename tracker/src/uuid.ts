/**
 * UUIDs of version 7 (RFC 9562): milliseconds since the epoch first, then a counter of 12 bits, then chance. So ids sort
 * by their time, and those of one page in the order in which they were made, within a millisecond too.
 */

const COUNTER_MAX = 0xfff;
/** A clock that was set back by no more than this is waited out; by more, it is believed. */
const SET_BACK = 10_000;

let last = 0;
let counter = 0;

export function uuid7(now: number = Date.now()): string {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  if (now > last || now < last - SET_BACK) {
    last = now;
    counter = ((bytes[6]! << 8) | bytes[7]!) & (COUNTER_MAX >> 1); // the other half is room to count in
  } else if (++counter > COUNTER_MAX) {
    last++;
    counter = 0;
  }
  let time = last;
  for (let index = 5; index >= 0; index--) {
    bytes[index] = time % 256;
    time = Math.floor(time / 256);
  }
  bytes[6] = 0x70 | (counter >> 8);
  bytes[7] = counter & 0xff;
  bytes[8] = 0x80 | (bytes[8]! & 0x3f);
  const hex = Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
  return hex.replace(/^(.{8})(.{4})(.{4})(.{4})/, "$1-$2-$3-$4-");
}
