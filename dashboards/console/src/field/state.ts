// What the page knows and how it learns it: from the phone at once, from the service as soon as
// that can be reached, and from events for as long as the line holds.
import { computed, signal } from '@preact/signals'
import { Problem, answer, api } from '../api/client'
import { connect, disconnect, listen } from '../api/live'
import { act, actID, type ActBody, type Action } from '../pages/alerts/acting'
import { type Alert, type Book, type Change, apply, bookOf, groups } from '../pages/alerts/book'
import { titleOf } from '../pages/alerts/titles'
import { logOut, may, session, sessionProblem, whoAmI } from '../session'
import { notify } from './notify'
import { Outbox, type Waiting } from './outbox'
import { type Snapshot, forget, keep, mostAlerts, recall } from './snapshot'

/** How long one waits for an answer before the network counts as lost. */
const patience = 20_000
/** Asked again so often, so that what is shown is known to be true, or to be old. */
const every = 60_000
/** While nothing is reached. */
const everyLost = 15_000

/** What is shown, and when it was true. */
export const known = signal<Snapshot | undefined>(recall(localStorage, Date.now()))
/** Ids that came while one looked. */
export const news = signal<Book['news']>(new Map())
/** Whether the service answers. */
export const reach = signal<'asking' | 'there' | 'lost'>('asking')
/** What it said when it would not answer. */
export const problem = signal<Problem | undefined>(undefined)
export const now = signal(Date.now())

const areaKey = 'phusong.field.area'
/** The area that is looked at; empty for all that one sees. */
export const area = signal(localStorage.getItem(areaKey) ?? '')
export function chooseArea(code: string): void {
  area.value = code
  localStorage.setItem(areaKey, code)
}

const within = (a: Alert) => area.value === '' || a.area === area.value || known.value?.areas[a.area ?? '']?.parent === area.value

/** What people were told of, by cause, the worst first. */
export const open = computed(() => groups((known.value?.alerts ?? []).filter((a) => a.told && within(a)), new Map()))

export const outbox = new Outbox(localStorage, send)
/** What waits of whoever is looking. */
export const waiting = computed(() => outbox.entries.value.filter((e) => e.account === account()))

/** Who is looking: by the session, or by what was kept while the service cannot be asked. */
export const account = (): string | undefined => session.value?.name ?? (session.value === undefined ? known.value?.account : undefined)
export const acts = (): boolean => (session.value ? may('alerts') : (known.value?.acts ?? false))

async function send(w: Waiting): Promise<void> {
  const once = () => act(w.alert, w.action, { ...w.body, id: w.id }, AbortSignal.timeout(patience))
  let handling
  try {
    handling = await once()
  } catch (e) {
    // The session may be another one since, with another token.
    if (!(e instanceof Problem) || e.status !== 403) throw e
    await whoAmI()
    if (session.value?.name !== w.account) throw new Problem(401, '', '')
    handling = await once()
  }
  change({ kind: 'handling', data: { alert: w.alert, action: w.action, who: w.account, handling } })
}

/** Does something to an alert: it is kept first and sent as soon as that can be. */
export function enqueue(a: Alert, action: Action, body: ActBody): void {
  const who = account()
  if (!who) return
  outbox.add({ id: actID(), account: who, alert: a.id, title: titleOf(a), action, body, at: Date.now() })
  void flush()
}

export async function flush(): Promise<void> {
  const who = session.value?.name
  if (!who || !outbox.of(who).some((e) => e.refused === undefined)) return
  const outcome = await outbox.flush(who, Date.now)
  if (outcome === 'away') lost()
}

function lost(): void {
  reach.value = 'lost'
  schedule()
}

let loading: Promise<void> | undefined

/** Asks who one is and what is wrong; what is known stays when that cannot be had. */
export function refresh(): Promise<void> {
  loading ??= ask().finally(() => {
    loading = undefined
    schedule()
  })
  return loading
}

async function ask(): Promise<void> {
  if (!session.value) await Promise.race([whoAmI(), new Promise((tired) => setTimeout(tired, patience))])
  if (session.value === undefined) return refused(sessionProblem.value)
  if (session.value === null) {
    reach.value = 'there'
    return
  }
  try {
    await load(session.value.name)
  } catch (e) {
    return refused(e instanceof Problem ? e : new Problem(0, 'offline', ''))
  }
  reach.value = 'there'
  problem.value = undefined
  await flush()
}

function refused(p: Problem | undefined): void {
  if (p?.status === 401) return
  if (!p || p.offline) reach.value = 'lost'
  else [reach.value, problem.value] = ['lost', p]
}

async function load(name: string): Promise<void> {
  if (known.value && known.value.account !== name) leave()
  const page = await answer(api.GET('/api/v1/alerts', { params: { query: { told: 'true', limit: mostAlerts } }, signal: AbortSignal.timeout(patience) }))
  store({ account: name, acts: may('alerts'), at: Date.now(), alerts: page.items, areas: known.value?.areas ?? {} })
  if (Object.keys(known.value?.areas ?? {}).length === 0) void loadAreas(name)
}

async function loadAreas(name: string): Promise<void> {
  try {
    const page = await answer(api.GET('/api/v1/areas', { params: { query: { limit: 1000 } }, signal: AbortSignal.timeout(patience) }))
    if (known.value?.account === name) store({ ...known.value, areas: Object.fromEntries(page.items.map((a) => [a.code, { name: a.name, parent: a.parent }])) })
  } catch {
    // names are asked for again with the next load
  }
}

function store(s: Snapshot): void {
  known.value = s
  keep(localStorage, s)
}

function change(c: Change): void {
  const s = known.value
  if (!s) return
  const before: Book = { ...bookOf(s.alerts, []), news: news.value }
  const after = apply(before, c, Date.now())
  if (after === before) return
  store({ ...s, alerts: [...after.alerts.values()] })
  if (after.news !== news.value) {
    news.value = after.news
    if (c.kind === 'alert' && within(c.data.alert)) notify()
  }
}

/** Lets go of what belongs to an account. */
function leave(): void {
  forget(localStorage)
  known.value = undefined
  news.value = new Map()
  chooseArea('')
}

/** Logs out; what waits is lost, so ask before. */
export async function quit(): Promise<void> {
  const who = account()
  if (who) outbox.forgetAll(who)
  leave()
  await logOut()
}

let timer: ReturnType<typeof setTimeout> | undefined
function schedule(): void {
  clearTimeout(timer)
  if (document.visibilityState === 'visible') timer = setTimeout(() => void refresh(), reach.value === 'lost' ? everyLost : every)
}

/** Wakes and sleeps with the page: a phone in a pocket asks nobody. */
function wake(): void {
  if (document.visibilityState !== 'visible') {
    clearTimeout(timer)
    disconnect()
    return
  }
  if (session.value) connect()
  void refresh()
}

/** Begins; call it once. */
export function start(): void {
  addEventListener('online', () => void refresh())
  addEventListener('offline', lost)
  addEventListener('storage', () => outbox.reload())
  document.addEventListener('visibilitychange', wake)
  setInterval(() => (now.value = Date.now()), 10_000)
  listen(['alert', 'handling'], (kind, data) => (kind === 'reset' ? void refresh() : change({ kind, data } as Change)))
  void refresh()
}
