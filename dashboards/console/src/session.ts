// Who one is, and what one may do.
import { computed, signal } from '@preact/signals'
import { Problem, onLoggedOut, problemOf, setCSRF } from './api/client'
import { connect, disconnect } from './api/live'

export type Permission = 'read' | 'alerts' | 'maintenance' | 'cases' | 'administer'

export interface Session {
  name: string
  role: 'viewer' | 'operations' | 'liaison' | 'field' | 'admin'
  areas: string[]
  permissions: Permission[]
  csrf?: string
  /** Everybody is let in: a demonstration. */
  open: boolean
}

/** undefined while it is not known, null when nobody is logged in. */
export const session = signal<Session | null | undefined>(undefined)
/** Why it is not known. */
export const sessionProblem = signal<Problem | undefined>(undefined)

/** Whether one may; the service decides, this only spares people buttons that would be refused. */
export const may = (p: Permission): boolean => session.value?.permissions.includes(p) ?? false
export const loggedIn = computed(() => !!session.value)

const path = '/api/v1/session'

function enter(s: Session | null): void {
  setCSRF(s?.csrf ?? '')
  session.value = s
  sessionProblem.value = undefined
  if (s) connect()
  else disconnect()
}

async function ask(init?: RequestInit): Promise<Response> {
  try {
    return await fetch(path, init)
  } catch {
    throw new Problem(0, 'offline', '')
  }
}

/** Asks who one is. */
export async function whoAmI(): Promise<void> {
  try {
    const r = await ask()
    if (r.status === 401) return enter(null)
    if (!r.ok) throw await problemOf(r)
    enter((await r.json()) as Session)
  } catch (e) {
    sessionProblem.value = e as Problem
  }
}

/** Logs in; throws a Problem with what the service says. */
export async function logIn(name: string, password: string): Promise<void> {
  const r = await ask({ method: 'POST', headers: { 'Content-Type': 'application/json' }, body: JSON.stringify({ name, password }) })
  if (!r.ok) throw await problemOf(r)
  enter((await r.json()) as Session)
}

export async function logOut(): Promise<void> {
  await ask({ method: 'DELETE' }).catch(() => undefined) // the cookie ends by itself
  enter(null)
}

onLoggedOut(() => {
  if (session.value) enter(null)
})
