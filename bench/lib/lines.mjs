// A child process (or one channel of it) that takes a command a line and answers with a JSON object a line.
import { createInterface } from 'node:readline';

export class LinePeer {
  #name;
  #write;
  #answers = [];
  #waiting = [];
  #gone;

  /** `input` is what we read from, `output` what we write to; for a socket pair both are the same stream. */
  constructor(name, input, output) {
    this.#name = name;
    this.#write = output;
    output.on('error', (error) => this.#end(error));
    const lines = createInterface({ input });
    lines.on('line', (line) => this.#line(line));
    lines.on('close', () => this.#end(new Error(`${name} has gone`)));
  }

  #line(line) {
    let answer;
    try {
      answer = JSON.parse(line);
    } catch {
      process.stderr.write(`${this.#name}: ${line}\n`);
      return;
    }
    const waiting = this.#waiting.shift();
    if (waiting === undefined) this.#answers.push(answer);
    else waiting.resolve(answer);
  }

  #end(error) {
    this.#gone ??= error;
    for (const { reject } of this.#waiting.splice(0)) reject(this.#gone);
  }

  /** The next answer. */
  next() {
    const ready = this.#answers.shift();
    if (ready !== undefined) return Promise.resolve(ready);
    if (this.#gone !== undefined) return Promise.reject(this.#gone);
    return new Promise((resolve, reject) => this.#waiting.push({ resolve, reject }));
  }

  tell(command) {
    if (this.#gone === undefined) this.#write.write(`${command}\n`);
  }

  /** Sends a command and gives its answer. */
  ask(command) {
    this.tell(command);
    return this.next();
  }
}

/** The other side: calls `handlers[word](...arguments)` for each line on stdin and prints what it returns as JSON. */
export async function serveLines(handlers) {
  for await (const line of createInterface({ input: process.stdin })) {
    const [word, ...rest] = line.trim().split(/\s+/);
    const handler = handlers[word];
    if (handler === undefined) {
      process.stderr.write(`unknown command ${line}\n`);
      continue;
    }
    const answer = await handler(...rest);
    if (answer === null) return;
    process.stdout.write(`${JSON.stringify(answer)}\n`);
  }
}
