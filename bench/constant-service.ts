import { createServer } from 'node:http';

/** The ceiling: answers each of Kamailio's questions with the same words. Nothing is looked at, decided or kept. */
const [port, gateway] = [Number(process.env.PORT), process.env.GATEWAY];
const registered = JSON.stringify({ allowed: true, status: 200, phrase: 'OK', headers: {} });

const server = createServer(async (request, response) => {
  let body = '';
  for await (const chunk of request) body += chunk;
  response.writeHead(200, { 'content-type': 'application/json' });
  response.end(request.url === '/register' ? registered : request.url === '/call' ? allowed(body) : taken(body));
});

function taken(body: string): string {
  const { reports } = JSON.parse(body);
  return JSON.stringify({ results: reports.map(() => 'recorded') });
}

function allowed(body: string): string {
  const { callId, called } = JSON.parse(body);
  const target = { kind: 'gateway', number: called };
  return JSON.stringify({ allowed: true, callId, maxSeconds: 300, isCharged: true, target, gateways: [gateway] });
}

server.listen(port, '127.0.0.1', () => process.send?.('ready'));
