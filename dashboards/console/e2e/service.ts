// Services to look at: the real program, on free ports, in a folder of its own.
import { spawn, spawnSync, type ChildProcess } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

/** The patience of every wait: an upper bound, never a figure. */
export const patience = 180_000

export const binary = ((): string => {
  const path = process.env['PHUSONG']
  if (!path) throw new Error('PHUSONG must name the program to test: make test-console does')
  return path
})()

export interface Service {
  url: string
  mqtt: { host: string; port: number }
  stop: () => Promise<void>
}

/** A port of loopback that nobody listens on. */
function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer()
    server.once('error', reject)
    server.listen(0, '127.0.0.1', () => {
      const address = server.address()
      server.close(() => (address && typeof address === 'object' ? resolve(address.port) : reject(new Error('no port'))))
    })
  })
}

/** Asks until it is so, or patience ends. */
export async function eventually<T>(what: string, ask: () => Promise<T | undefined>): Promise<T> {
  const end = Date.now() + patience
  for (let last: unknown; ; ) {
    try {
      const value = await ask()
      if (value !== undefined) return value
    } catch (e) {
      if (e instanceof Ended) throw e
      last = e
    }
    if (Date.now() > end) throw new Error(`${what}: not within ${patience / 1000} s`, { cause: last })
    await new Promise((again) => setTimeout(again, 100))
  }
}

/** Says that there is nothing left to wait for. */
class Ended extends Error {}

function run(args: string[], dir: string, url: string, port: number): Promise<Service> {
  const process = spawn(binary, args, { cwd: dir, stdio: ['ignore', 'pipe', 'pipe'] })
  let said = ''
  for (const stream of [process.stdout, process.stderr]) stream?.on('data', (text: Buffer) => (said = (said + text).slice(-20_000)))
  const ended = new Promise<void>((resolve) => process.once('exit', () => resolve()))
  const service: Service = { url, mqtt: { host: '127.0.0.1', port }, stop: () => stop(process, ended, dir) }
  return eventually(`${args[0]} is ready`, async () => {
    if (process.exitCode !== null) throw new Ended(said)
    return (await fetch(url + '/readyz')).ok ? service : undefined
  }).catch(async (e: unknown) => {
    await service.stop()
    throw new Error(`${args.join(' ')} did not become ready and said\n${said}`, { cause: e })
  })
}

async function stop(process: ChildProcess, ended: Promise<void>, dir: string): Promise<void> {
  if (process.exitCode === null) process.kill('SIGINT')
  const impatient = setTimeout(() => process.kill('SIGKILL'), 30_000)
  await ended
  clearTimeout(impatient)
  rmSync(dir, { recursive: true, force: true })
}

/** The demonstration, with its month of drive tests. */
export async function startDemo(): Promise<Service> {
  const [http, mqtt] = [await freePort(), await freePort()]
  const dir = mkdtempSync(join(tmpdir(), 'phusong-demo-'))
  return run(['demo', '--listen', `127.0.0.1:${http}`, '--mqtt', `127.0.0.1:${mqtt}`, '--data', join(dir, 'data'), '--history', '6h'], dir, `http://127.0.0.1:${http}`, mqtt)
}

/** The password of everybody in a town. */
export const password = 'rung-tram-tra-su-2026'

/** Who may log in to a town, by name. */
export const people = {
  van: { role: 'viewer', areas: [] },
  oanh: { role: 'operations', areas: [] },
  lien: { role: 'liaison', areas: [] },
  tan: { role: 'field', areas: ['25459'] },
  binh: { role: 'field', areas: ['25480'] },
  an: { role: 'admin', areas: [] },
} as const

/** A name and a comment that would be more than text in a careless page. */
export const markup = '<img src=x onerror=document.title=1>'

const rules = `groups:
  - name: town
    rules:
      - alert: PortalDown
        expr: not wifi.portal_ok
        labels: {severity: critical}
        annotations:
          summary: {vi: "Cổng đăng nhập hỏng", en: "The portal fails"}
          next_step: {vi: "Khởi động lại cổng", en: "Restart the portal"}
`

/** A small town with a login, whose devices only say what a test says for them. */
export async function startTown(options: { accounts: boolean } = { accounts: true }): Promise<Service> {
  const [http, mqtt] = [await freePort(), await freePort()]
  const dir = mkdtempSync(join(tmpdir(), 'phusong-town-'))
  must(dir, ['simulate', 'registry', '--devices', '40', '--out', join(dir, 'registry')])
  const devices = join(dir, 'registry/devices.csv')
  writeFileSync(devices, readFileSync(devices, 'utf8').replace(`${accessPoint},wifi,AP 1 UBND Tân Ninh`, `${accessPoint},wifi,${markup}`))
  const accounts = join(dir, 'accounts')
  for (const [name, who] of Object.entries(people)) {
    must(dir, ['accounts', 'add', '--file', accounts, '--role', who.role, '--password-stdin', ...who.areas.map((a) => `--area=${a}`), name], password + '\n')
  }
  writeFileSync(join(dir, 'rules.yml'), rules)
  writeFileSync(
    join(dir, 'phusong.yml'),
    JSON.stringify({
      data: join(dir, 'data'),
      listen: `127.0.0.1:${http}`,
      broker: { listen: `127.0.0.1:${mqtt}`, anonymous: true },
      registry: { areas: [join(dir, 'registry/areas.geojson')], sites: join(dir, 'registry/sites.csv'), devices },
      alerts: { rules: [join(dir, 'rules.yml')] },
      ...(options.accounts ? { access: { accounts_file: accounts } } : {}),
    }),
  )
  return run(['serve', '--config', join(dir, 'phusong.yml')], dir, `http://127.0.0.1:${http}`, mqtt)
}

function must(dir: string, args: string[], input = ''): void {
  const r = spawnSync(binary, args, { cwd: dir, input, encoding: 'utf8' })
  if (r.status !== 0) throw new Error(`${args.join(' ')}: ${r.status}\n${r.stdout}${r.stderr}`)
}

/** An access point of the town in the area of tan; see `simulate registry --devices 40`. */
export const accessPoint = 'ap-office-25459-1-1'

/** Says something for a device, by a client that is not ours. */
export function say(to: Service, topic: string, message: object): void {
  const r = spawnSync('mosquitto_pub', ['-h', to.mqtt.host, '-p', String(to.mqtt.port), '-q', '1', '-t', topic, '-m', JSON.stringify(message)], { encoding: 'utf8' })
  if (r.status !== 0) throw new Error(`mosquitto_pub: ${r.error?.message ?? r.stderr}`)
}
