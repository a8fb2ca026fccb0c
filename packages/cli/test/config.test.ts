import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openNetwork, printNetworkFile } from '@dsm/core';
import { nodeCryptoSuite } from '@dsm/platform/node';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { readConfig, writeConfig, type NodeConfig } from '../src/network/config.ts';
import { besideConfig } from '../src/network/layout.ts';
import { onlyError, onlyObject, run } from './support/call.ts';

const suite = nodeCryptoSuite();
const keys = suite.signatureKeyPair('ml-dsa-44', new Uint8Array(32).fill(7));
const network = openNetwork(suite, {
  version: 1,
  name: 'test',
  faults: 0,
  nodes: [keys.publicKey],
  deltaMs: 1_000,
  gapMs: 3_000,
  marginMs: 5_000,
  settleMs: 60_000,
  roundMs: 1_000,
  partitions: [],
});
if (!network.ok) throw new Error(network.error.message);

const config: NodeConfig = {
  file: { network: network.value, endpoints: ['http://127.0.0.1:4000'] },
  node: 0,
  secretKey: keys.secretKey,
  host: '127.0.0.1',
  port: 4_000,
  store: 'node.sqlite',
  log: 'node.log',
};

let dir: string;
let path: string;
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'dsm-config-'));
  path = join(dir, 'config.json');
});
afterEach(() => rmSync(dir, { recursive: true, force: true }));

type Json = Record<string, unknown>;

function change(edit: (json: Json) => void): ReturnType<typeof readConfig> {
  writeConfig(path, config);
  const json = JSON.parse(readFileSync(path, 'utf8')) as Json;
  edit(json);
  writeFileSync(path, JSON.stringify(json));
  return readConfig(suite, path);
}

describe('CLI-7: the config of a node', () => {
  test('is read back as it was written, and readable by its owner only', () => {
    writeConfig(path, config);
    expect(readConfig(suite, path)).toEqual({ ok: true, value: config });
    expect(statSync(path).mode & 0o077).toBe(0);
  });

  test('names its files relative to itself', () => {
    expect(besideConfig('/a/b/config.json', 'node.sqlite')).toBe('/a/b/node.sqlite');
    writeConfig(path, config);
    expect(readFileSync(path, 'utf8')).not.toContain(dir);
  });

  test.each<[string, (json: Json) => void, string]>([
    ['another kind of file', (json) => (json['dsm'] = 'network'), 'E_FORMAT'],
    ['another version', (json) => (json['version'] = 2), 'E_VERSION'],
    ['an unknown field', (json) => (json['more'] = 1), 'E_FORMAT'],
    ['no network', (json) => delete json['network'], 'E_FORMAT'],
    ['a node before the first', (json) => (json['node'] = 0), 'E_FORMAT'],
    ['a node after the last', (json) => (json['node'] = 2), 'E_FORMAT'],
    ['half a node', (json) => (json['node'] = 1.5), 'E_FORMAT'],
    ['a port as text', (json) => (json['port'] = '4000'), 'E_FORMAT'],
    ['a port that does not exist', (json) => (json['port'] = 65_536), 'E_FORMAT'],
    ['no host', (json) => (json['host'] = ''), 'E_FORMAT'],
    ['no store', (json) => delete json['store'], 'E_FORMAT'],
    ['a key that is no hexadecimal', (json) => (json['secretKey'] = 'xyz'), 'E_FORMAT'],
    ['no key', (json) => delete json['secretKey'], 'E_FORMAT'],
    ['an id of another network', (json) => ((json['network'] as Json)['id'] = '00'.repeat(32)), 'E_NETWORK'],
  ])('is refused with %s', (_, edit, code) => {
    expect(change(edit)).toMatchObject({ ok: false, error: { code } });
  });

  test.each(['', 'null', '[]', '{', '"directory-node"'])('is refused as %j', (text) => {
    writeFileSync(path, text);
    expect(readConfig(suite, path)).toMatchObject({ ok: false, error: { code: 'E_FORMAT' } });
  });

  test('with the key of another node does not run', async () => {
    const other = suite.signatureKeyPair('ml-dsa-44', new Uint8Array(32).fill(8));
    writeConfig(path, { ...config, secretKey: other.secretKey });
    expect(onlyError(await run(['directory', 'run', '--config', path, '--json'])).code).toBe('E_NETWORK');
  });

  test('that is missing is refused', async () => {
    expect(onlyError(await run(['directory', 'run', '--config', path, '--json'])).code).toBe('E_NOT_FOUND');
  });
});

describe('verify of network.json', () => {
  const verify = (name: string) => run(['verify', join(dir, name), '--network', join(dir, 'network.json'), '--json']);
  const text = printNetworkFile(config.file);
  beforeEach(() => writeFileSync(join(dir, 'network.json'), text));

  const codeOf = async (changed: string): Promise<unknown> => {
    writeFileSync(join(dir, 'changed'), changed);
    const { stdout } = await verify('changed');
    return (JSON.parse(stdout) as { error?: { code: string } }).error?.code;
  };

  test('answers its kind', async () => {
    expect(onlyObject(await verify('network.json'))).toEqual({ ok: true, kind: 'network' });
  });

  test('notices every changed byte, but for those of the endpoints, which are not part of the network', async () => {
    const endpoints = text.indexOf('"http');
    const end = text.indexOf(']', endpoints);
    for (let at = 0; at < text.length; at += 7) {
      if (at >= endpoints && at < end) continue;
      const flipped = String.fromCodePoint((text.codePointAt(at) ?? 0) ^ 1);
      const changed = text.slice(0, at) + flipped + text.slice(at + 1);
      expect(await codeOf(changed), `byte ${at}`).toMatch(/^E_/);
    }
    expect(await codeOf(text.replace(':4000', ':4001'))).toBeUndefined();
  });

  test.each<[string, (json: string) => string]>([
    ['a field twice', (json) => json.replace('"name"', '"name": "x",\n    "name"')],
    ['other spaces', (json) => json.replace(': ', ':')],
    ['a second newline', (json) => `${json}\n`],
    ['a number in another spelling', (json) => json.replace('1000', '1e3')],
    ['an escaped letter', (json) => json.replace('"test"', String.raw`"\u0074est"`)],
    ['a byte order mark', (json) => `\uFEFF${json}`],
    ['nothing after the brace', () => '{'],
  ])('refuses %s', async (_, spell) => {
    expect(spell(text)).not.toBe(text);
    expect(await codeOf(spell(text))).toMatch(/^E_(ENCODING|FORMAT)$/);
  });

  test('refuses the description of another network', async () => {
    const other = openNetwork(suite, { ...config.file.network, name: 'other' });
    if (!other.ok) throw new Error(other.error.message);
    expect(await codeOf(printNetworkFile({ ...config.file, network: other.value }))).toBe('E_NETWORK');
  });
});
