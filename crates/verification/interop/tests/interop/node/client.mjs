// A client on `ws` for the tests of compression:   node client.mjs URL PER_MESSAGE_DEFLATE
//
// Sends messages of many sizes to an echo server, in one frame or in several, and compares the
// answers.
import { createRequire } from 'node:module';

const { WebSocket } = createRequire(`${process.cwd()}/`)('ws');
const [url, options] = process.argv.slice(2);
const ws = new WebSocket(url, { perMessageDeflate: JSON.parse(options) });

const messages = [''];
for (let number = 0; number < 60; number += 1) {
  const text = JSON.stringify({ number, text: 'Hello, κόσμε! '.repeat(number * number) });
  messages.push(text, Buffer.from(text));
}

let answered = 0;
ws.on('message', (data, isBinary) => {
  const expected = messages[answered];
  const same = isBinary === (typeof expected !== 'string') && data.equals(Buffer.from(expected));
  if (!same) {
    console.log(`message ${answered} came back as something else: ${data.length} bytes`);
    process.exit(1);
  }
  answered += 1;
  if (answered === messages.length) ws.close(1000);
});
ws.on('open', () => {
  console.log(`extensions: ${ws.extensions}`);
  for (const [place, message] of messages.entries()) {
    if (place % 3 === 0 && message.length > 8) {
      const binary = typeof message !== 'string';
      ws.send(message.slice(0, 5), { fin: false, binary });
      ws.send('', { fin: false, binary });
      ws.send(message.slice(5), { fin: true, binary });
    } else {
      ws.send(message);
    }
  }
});
ws.on('error', (error) => console.log(`error: ${error.message}`));
ws.on('close', (code) => {
  console.log(`closed: ${code}, ${answered} of ${messages.length} answered`);
  process.exitCode = code === 1000 && answered === messages.length ? 0 : 1;
});
