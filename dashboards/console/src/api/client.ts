// The one way to the service. Types come from its OpenAPI description, errors are what it
// says of itself (RFC 9457), and every change bears the token of its session.
import createClient, { type Middleware } from 'openapi-fetch'
import type { Reason } from '../reasons'
import type { components, paths } from './schema'

/** The named shapes of the API, such as Schemas['Alert']. */
export type Schemas = components['schemas']

/** What the service answered when it could not do what was asked. */
export class Problem extends Error {
  constructor(
    readonly status: number,
    readonly title: string,
    readonly detail: string,
    readonly errors: readonly { message?: string; location?: string; value?: unknown }[] = [],
    /** Seconds after which asking again makes sense, where the service said so. */
    readonly retryAfter?: number,
    /** Why, to be said in the reader's language; `detail` says it in English. */
    readonly reason: Reason = {},
  ) {
    super(detail || title)
  }

  /** The service was not reached at all. */
  get offline(): boolean {
    return this.status === 0
  }
}

/** The token that changes must bear; the session sets it. */
let csrf = ''
export function setCSRF(token: string): void {
  csrf = token
}

/** Called when the service says that one is not logged in (any more). */
let loggedOut: () => void = () => {}
export function onLoggedOut(f: () => void): void {
  loggedOut = f
}

/** Turns an answer that is no success into a Problem. */
export async function problemOf(answer: Response): Promise<Problem> {
  const retry = Number(answer.headers.get('Retry-After')) || undefined
  let told: { title?: string; detail?: string; errors?: Problem['errors'] } & Reason = {}
  if (answer.headers.get('Content-Type')?.includes('json')) told = await answer.json().catch(() => ({}))
  return new Problem(answer.status, told.title ?? answer.statusText, told.detail ?? '', told.errors ?? [], retry, { code: told.code, params: told.params })
}

/** Throws a Problem when the service refuses, and says when that is because one is not logged in. */
async function accepted(answer: Response): Promise<void> {
  if (answer.ok || answer.status === 304) return
  if (answer.status === 401) loggedOut()
  throw await problemOf(answer)
}

const manners: Middleware = {
  onRequest({ request }) {
    if (request.method !== 'GET' && csrf !== '') request.headers.set('X-CSRF-Token', csrf)
    return request
  },
  async onResponse({ response }) {
    await accepted(response)
    return undefined
  },
  onError({ error }) {
    if (error instanceof DOMException && error.name === 'AbortError') return error
    return new Problem(0, 'offline', '')
  },
}

/** Calls the API; a call that fails throws a Problem. */
// fetch is looked up at each call, so that tests can put another in its place.
export const api = createClient<paths>({ baseUrl: location.origin, fetch: (r) => globalThis.fetch(r) })
api.use(manners)

/** Loads a file that the service makes; throws a Problem where it does not. */
export async function load(path: string): Promise<Blob> {
  const response = await globalThis.fetch(path).catch(() => {
    throw new Problem(0, 'offline', '')
  })
  await accepted(response)
  return response.blob()
}

/** The answer of a call that was waited for; it threw a Problem if there was none. */
export async function answer<T>(call: Promise<{ data?: T }>): Promise<T> {
  const { data } = await call
  return data as T
}
