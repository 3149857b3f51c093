// The number in a Close frame says why the connection is closing (RFC 6455, section 7.4.1). `ws`
// reports only that number, so this table contains the meaning of each number in words.
const names = {
  1000: 'normal closure',
  1001: 'going away',
  1002: 'protocol error',
  1003: 'unsupported data',
  1005: 'no status code', // the Close frame was empty
  1006: 'abnormal closure', // no Close frame arrived; like 1005, this code is never sent
  1007: 'invalid data',
  1008: 'policy violation',
  1009: 'message too big',
  1010: 'mandatory extension missing',
  1011: 'internal error',
  1012: 'service restart',
  1013: 'try again later',
  1014: 'bad gateway',
  1015: 'TLS handshake failed',
};

export function describe(code) {
  return `${code} (${names[code] ?? nameOfRange(code)})`;
}

function nameOfRange(code) {
  if (code >= 3000 && code <= 3999) return 'registered by a library';
  if (code >= 4000 && code <= 4999) return 'private'; // only the two programs know what it means
  return 'unassigned';
}
