// make-limits-table.mjs [--check]: writes the tables of options into docs/tuning.md, between its markers. Names, meanings
// and words come from the interfaces in lib/, numbers from lib/options.ts (as built), which the checks read as well.
// With --check nothing is written, and a page that is out of date is a failure.
import { readFileSync, writeFileSync } from 'node:fs';
import process from 'node:process';
import { at } from './support/project.mjs';
import { main, StepFailed } from './support/run.mjs';

const PAGE = at('docs/tuning.md');
const BEGIN = '<!-- options: written by scripts/make-limits-table.mjs -->';
const END = '<!-- end of options -->';

/** Heading, then the interfaces that it shows and where they are. */
const TABLES = [
  ['Where a client starts: of a sink, and of `add()`', [['StartOptions', 'sink/rules.ts']]],
  ['How far it may lag: of a sink, and of `add()`', [['LimitOptions', 'sink/rules.ts']]],
  ['Its socket: of a sink, and of `add()`', [['SocketOptions', 'sink/socket-options.ts']]],
  ['A sink', [['SinkOptions', 'sink/options.ts']]],
  ['A client: `add()`', [['AddOptions', 'sink/client.ts']]],
  ['Everything in one thread: `configure()`', [['EnvironmentOptions', 'environment.ts']]],
  [
    'A source: `new FdSource()`, `attach()`',
    [
      ['SourceOptions', 'source/fd-source.ts'],
      ['AttachOptions', 'source/fd-source.ts'],
    ],
  ],
  [
    'End points',
    [
      ['AddressOptions', 'endpoint/address.ts'],
      ['ServerEndpointOptions', 'endpoint/server-endpoint.ts'],
    ],
  ],
  ['`reconnect` of clients', [['ReconnectOptions', 'endpoint/backoff.ts']]],
  ['`new TcpServerSink()`, beside `sink` and `add`', [['TcpServerSinkOptions', 'endpoint/server-sink.ts']]],
  [
    '`new TcpServerSource()`, beside those of a source',
    [['TcpServerSourceOptions', 'endpoint/server-source.ts']],
  ],
  ['`createServer()`', [['ServerOptions', 'server/server.ts']]],
  ['`new GdpParser()`', [['GdpParserOptions', 'gdp/parser.ts']]],
];

/** "… Default X.", "…; default X.": what is said of the default, up to the end of its sentence. */
const DEFAULT = /(?:^|[.;]) ?[Dd]efault:? (.*?)\.(?= [A-Z]|$)/;

/** Units to show a number in, the biggest first. */
const STEPS = {
  bytes: [
    ['GiB', 2 ** 30],
    ['MiB', 2 ** 20],
    ['KiB', 2 ** 10],
    ['bytes', 1],
  ],
  ms: [
    ['h', 3_600_000],
    ['s', 1_000],
    ['ms', 1],
  ],
};

await main(async () => {
  const { NUMBERS } = await import(at('dist/options.js'));
  const words = await wordsOf();
  const text = readFileSync(PAGE, 'utf8');
  const [before, rest = ''] = text.split(BEGIN);
  const [, after] = rest.split(END);
  if (after === undefined) throw new StepFailed(`docs/tuning.md has no markers:\n${BEGIN}\n${END}`);
  const tables = TABLES.map(([heading, interfaces]) => table(heading, interfaces, NUMBERS, words)).join('\n');
  const made = `${before}${BEGIN}\n\n${tables}\n${END}${after}`;
  if (made === text) return;
  if (process.argv.includes('--check'))
    throw new StepFailed('docs/tuning.md is out of date. Run: node scripts/make-limits-table.mjs');
  writeFileSync(PAGE, made);
});

/** What types that are a choice of words may be, by the name of the type. */
async function wordsOf() {
  const lists = await import(at('dist/binding.js'));
  return {
    SyncMethod: lists.SYNC_METHODS,
    RecoverPolicy: lists.RECOVER_POLICIES,
    Pace: lists.PACES,
    Payload: lists.PAYLOADS,
    Framing: lists.FRAMINGS,
    StreamFormat: lists.STREAM_FORMATS,
  };
}

function table(heading, interfaces, numbers, words) {
  const rows = interfaces.flatMap(([name, file]) => {
    const options = optionsOf(readFileSync(at('lib', file), 'utf8'), name);
    const known = numbers[name] ?? {};
    const strange = Object.keys(known).filter((key) => !options.some((option) => option.name === key));
    if (options.length === 0 || strange.length > 0)
      throw new StepFailed(`lib/${file}: ${name} does not have ${strange.join(', ') || 'any options'}`);
    return options.map((option) => row(option, known[option.name], words));
  });
  return `### ${heading}\n\n| option | default | may be | |\n|---|---|---|---|\n${rows.join('\n')}\n`;
}

/** The properties of an interface with their types and what is said above them. */
function optionsOf(source, name) {
  const body = new RegExp(`export interface ${name}\\b[^{]*\\{\\n([\\s\\S]*?)\\n\\}`).exec(source)?.[1] ?? '';
  const property = /\/\*\*([\s\S]*?)\*\/\n {2}(?:readonly )?(\w+)\??: (\{[^}]*\}|[^;\n]*);/g;
  return [...body.matchAll(property)].map(([, comment, key, type]) => ({
    name: key,
    type,
    text: comment.replace(/\s*\n\s*\* ?/g, ' ').trim(),
  }));
}

function row({ name, type, text }, number, words) {
  const [whole = '', said = ''] = DEFAULT.exec(text) ?? [];
  const meaning = text.replace(whole, whole.startsWith('.') ? '.' : '').replace(/\.$/, '');
  const cells = [
    `\`${number?.name.replace('options.', '') ?? name}\``,
    number === undefined ? said : (number.usually ?? shown(number, number.usual)),
    number === undefined ? kind(type, words) : range(number),
    meaning,
  ];
  return `| ${cells.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |`;
}

function kind(type, words) {
  const list = words[type];
  return list === undefined ? `\`${type}\`` : list.map((word) => `\`${word}\``).join(' ');
}

function range(number) {
  const most = number.max === Number.MAX_SAFE_INTEGER ? 'upwards' : `to ${shown(number, number.max)}`;
  return `${shown(number, number.min)} ${most}`;
}

/** 65536 bytes are 64 KiB, 86400000 ms are 24 h. The last number that fits in 31 or 32 bits is shown as what it is. */
function shown({ unit }, value) {
  if (value === 2 ** 31 - 1 || value === 2 ** 32 - 1) {
    return unit === 'ms' ? '24.8 days' : `${(value + 1) / 2 ** 30} GiB − 1`;
  }
  const [name, size] = STEPS[unit]?.find(([, step]) => value >= step && value % step === 0) ?? ['', 1];
  return value === 1 && name === 'bytes' ? '1 byte' : `${value / size} ${name}`.trim();
}
