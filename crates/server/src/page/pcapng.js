// Writes records as a pcapng file for Wireshark.
//
// The page knows the bytes of the heads and frames, and their offsets in each direction. Each
// record becomes one TCP packet, or several if it is too long for one, and the sequence numbers
// follow from the offset. In Wireshark, frames that were not shown therefore look like lost
// segments, and everything around them is right. The IP and TCP headers are made up, as in the
// captures of `--capture`. Payload bytes that the server did not show are marked as not captured.
//
//   section header │ interface │ packet │ packet │ ...
//                                  └── block type, length, time, captured length, original length,
//                                      IP header (20) │ TCP header (20) │ bytes, length again

const RAW_IP = 101; // the link type: packets begin with their IP header
const HEADERS = 40; // IP and TCP, without options
const MAX_SEGMENT = 65_535 - HEADERS;
const CLIENT = 0;
const SERVER = 1;
const [FIN, SYN, PSH, ACK] = [0x01, 0x02, 0x08, 0x10];

// Returns the file. `records` are in the order of their numbers, `ends` names the directions that
// have ended, and `address` and `port` are those of the server.
export function pcapng(records, ends, { address, port }) {
  const blocks = [sectionHeader(), interfaceDescription()];
  // The client's address and port are made up, because a script cannot learn them.
  const sides = [{ address, port: port === 50_000 ? 50_001 : 50_000, next: 0 }, { address, port, next: 0 }];
  let time = records.length > 0 ? Number(records[0].started_at ?? records[0].ended_at ?? 0) : 0;
  const add = (from, flags, data = new Uint8Array(), length = data.length) => {
    blocks.push(packet(sides[from], sides[1 - from], flags, data, length, time));
    sides[from].next += length + (flags & (SYN | FIN) ? 1 : 0);
  };
  add(CLIENT, SYN);
  add(SERVER, SYN | ACK);
  add(CLIENT, ACK);
  for (const { direction, bytes, offset, length, ended_at } of records) {
    if (length === 0) continue;
    const from = direction === "to_server" ? CLIENT : SERVER;
    time = Math.max(time, Number(ended_at ?? 0));
    sides[from].next = offset + 1;
    const known = bytesOf(bytes);
    for (let start = 0; start < length; start += MAX_SEGMENT) {
      const end = Math.min(length, start + MAX_SEGMENT);
      add(from, PSH | ACK, known.subarray(start, end), end - start);
    }
  }
  for (const direction of ends) add(direction === "to_server" ? CLIENT : SERVER, FIN | ACK);
  return new Blob(blocks, { type: "application/x-pcapng" });
}

export const bytesOf = (colons) => Uint8Array.from(colons ? colons.split(":") : [], (byte) => parseInt(byte, 16));

// Returns a block: its type and length, its body, and the length again.
function block(type, body) {
  const padded = Math.ceil(body.length / 4) * 4;
  const bytes = new Uint8Array(padded + 12);
  const view = new DataView(bytes.buffer);
  view.setUint32(0, type, true);
  view.setUint32(4, bytes.length, true);
  bytes.set(body, 8);
  view.setUint32(padded + 8, bytes.length, true);
  return bytes;
}

function sectionHeader() {
  const body = new DataView(new ArrayBuffer(16));
  body.setUint32(0, 0x1a2b3c4d, true); // the byte order
  body.setUint16(4, 1, true); // version 1.0
  body.setBigInt64(8, -1n, true); // the length of the section is not given
  return block(0x0a0d0d0a, new Uint8Array(body.buffer));
}

function interfaceDescription() {
  const body = new DataView(new ArrayBuffer(8 + 8 + 4));
  body.setUint16(0, RAW_IP, true);
  body.setUint16(8, 9, true); // the option if_tsresol:
  body.setUint16(10, 1, true);
  body.setUint8(12, 6); // times in microseconds
  return block(1, new Uint8Array(body.buffer));
}

function packet(source, destination, flags, data, length, time) {
  const bytes = new Uint8Array(20 + HEADERS + data.length);
  const view = new DataView(bytes.buffer);
  const micros = BigInt(Math.round(time * 1e6));
  view.setUint32(4, Number(micros >> 32n), true);
  view.setUint32(8, Number(micros & 0xffff_ffffn), true);
  view.setUint32(12, HEADERS + data.length, true);
  view.setUint32(16, HEADERS + length, true);
  const ip = new DataView(bytes.buffer, 20, 20);
  ip.setUint8(0, 0x45); // version 4, five words
  ip.setUint16(2, HEADERS + length);
  ip.setUint16(6, 0x4000); // do not fragment
  ip.setUint8(8, 64); // time to live
  ip.setUint8(9, 6); // TCP
  source.address.forEach((byte, index) => ip.setUint8(12 + index, byte));
  destination.address.forEach((byte, index) => ip.setUint8(16 + index, byte));
  ip.setUint16(10, checksum(bytes.subarray(20, 40)));
  const tcp = new DataView(bytes.buffer, 40, 20);
  tcp.setUint16(0, source.port);
  tcp.setUint16(2, destination.port);
  tcp.setUint32(4, source.next % 2 ** 32);
  tcp.setUint32(8, flags & ACK ? destination.next % 2 ** 32 : 0);
  tcp.setUint8(12, 0x50); // five words
  tcp.setUint8(13, flags);
  tcp.setUint16(14, 65_535); // the window
  bytes.set(data, 20 + HEADERS);
  // The checksum covers every byte, so it can be computed only if every byte is known. Wireshark
  // does not check a packet that was captured in part.
  if (data.length === length) {
    const pseudo = [...source.address, ...destination.address, 0, 6, (20 + length) >> 8, (20 + length) & 0xff];
    const covered = new Uint8Array(12 + 20 + length);
    covered.set(pseudo);
    covered.set(bytes.subarray(40), 12);
    tcp.setUint16(16, checksum(covered));
  }
  return block(6, bytes);
}

// Returns the checksum that IP and TCP use: the ones' complement of the sum of all 16-bit words.
function checksum(bytes) {
  let sum = 0;
  bytes.forEach((byte, index) => { sum += index % 2 ? byte : byte << 8; });
  while (sum > 0xffff) sum = (sum & 0xffff) + Math.floor(sum / 0x1_0000);
  return ~sum & 0xffff;
}
