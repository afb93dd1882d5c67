import { createServer, type AddressInfo, type Socket } from 'node:net';

export interface TakenMail {
  from: string;
  to: string[];
  /** Header and text as they came, dots undone, lines ended by `\n`. */
  text: string;
}

/** A mail server (RFC 5321, without extensions) on 127.0.0.1 that keeps what it is given. */
export interface MailSink {
  /** For SMTP_URL. */
  readonly url: string;
  readonly mails: TakenMail[];
  /** What a client said that it may not say. */
  readonly complaints: string[];
  /** Answered in place of the next greetings, one each: `421 busy`. */
  readonly refusals: string[];
  close(): Promise<void>;
}

const MAIL_CHARS_MAX = 1_000_000;
const PATH = /^(MAIL FROM|RCPT TO):<([^<>\s]*)>(?: .*)?$/i;

export async function startMailSink(): Promise<MailSink> {
  const sockets = new Set<Socket>();
  const sink = { mails: [] as TakenMail[], complaints: [] as string[], refusals: [] as string[] };
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.on('close', () => sockets.delete(socket));
    socket.on('error', () => socket.destroy());
    talk(socket, sink);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    ...sink,
    url: `smtp://127.0.0.1:${(server.address() as AddressInfo).port}`,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        for (const socket of sockets) socket.destroy();
      }),
  };
}

function talk(socket: Socket, { mails, complaints, refusals }: Pick<MailSink, 'mails' | 'complaints' | 'refusals'>) {
  let waiting = '';
  let mail: TakenMail = { from: '', to: [], text: '' };
  let isData = false;
  const say = (line: string): void => void socket.write(`${line}\r\n`);
  const refusal = refusals.shift();
  if (refusal !== undefined) return void socket.end(`${refusal}\r\n`);

  function hear(line: string): void {
    const [word = ''] = line.toUpperCase().split(' ');
    const path = PATH.exec(line);
    if (word === 'HELO' || word === 'EHLO') return say('250 sink');
    if (word === 'MAIL' && path) {
      mail = { from: path[2] ?? '', to: [], text: '' };
      return say('250 ok');
    }
    if (word === 'RCPT' && path && mail.from !== '') {
      mail.to.push(path[2] ?? '');
      return say('250 ok');
    }
    if (word === 'DATA' && mail.to.length > 0) {
      isData = true;
      return say('354 go on');
    }
    if (word === 'RSET' || word === 'NOOP') return say('250 ok');
    if (word === 'QUIT') return void socket.end('221 bye\r\n');
    complaints.push(line);
    say('503 not now');
  }

  function take(line: string): void {
    if (line !== '.') {
      mail.text += `${line.startsWith('.') ? line.slice(1) : line}\n`;
      return;
    }
    isData = false;
    mails.push(mail);
    mail = { from: '', to: [], text: '' };
    say('250 taken');
  }

  socket.setEncoding('utf8').on('data', (chunk: string) => {
    waiting += chunk;
    if (waiting.length + mail.text.length > MAIL_CHARS_MAX) return void socket.destroy();
    for (let end = waiting.indexOf('\r\n'); end >= 0; end = waiting.indexOf('\r\n')) {
      const line = waiting.slice(0, end);
      waiting = waiting.slice(end + 2);
      if (isData) take(line);
      else hear(line);
    }
  });
  say('220 sink');
}
