// What the pages of gap cases ask of the service.
import { answer, api, type Schemas } from '../../api/client'
import { type Data, useData } from '../../api/data'
import { worstFirst, type ZoneFeature } from '../map/zones'
import type { Dossier } from './frozen'
import type { Case } from './words'

export type Review = Schemas['CaseReview']

async function allCases(signal: AbortSignal): Promise<Case[]> {
  const all: Case[] = []
  for (let after: string | undefined; ; ) {
    const page = await answer(api.GET('/api/v1/cases', { params: { query: { limit: 1000, after } }, signal }))
    all.push(...page.items)
    if (!page.next) return all
    after = page.next
  }
}

/** Every case that one may see. A deadline passes without an event, so it is asked again now and then. */
export const useCases = (): Data<Case[]> => useData('cases', allCases, { on: ['case'], every: 60_000 })

/** The open zones, worst first. */
export const useZones = (): Data<ZoneFeature[]> =>
  useData('zones', async (signal) => worstFirst((await answer(api.GET('/api/v1/coverage/zones.geojson', { signal }))).features), { on: ['coverage'] })

/** The zones that no case is about. */
export function uncased(zones: readonly ZoneFeature[], cases: readonly Case[]): ZoneFeature[] {
  const taken = new Set(cases.filter((c) => c.state !== 'closed').flatMap((c) => c.zones))
  return zones.filter((z) => !taken.has(z.properties.id))
}

export const useCase = (id: string): Data<Case> =>
  useData(`case ${id}`, (signal) => answer(api.GET('/api/v1/cases/{id}', { params: { path: { id } }, signal })), { on: ['case'], every: 60_000 })

/** The evidence as it is now: it changes with the case and with the map. */
export const useReview = (id: string): Data<Review> =>
  useData(`review ${id}`, (signal) => answer(api.GET('/api/v1/cases/{id}/review', { params: { path: { id } }, signal })), { on: ['case', 'coverage'] })

/** What was sent: another hash is another dossier. */
export const useDossier = (id: string, hash: string | undefined): Data<Dossier> =>
  useData(hash && `dossier ${id} ${hash}`, (signal) => answer(api.GET('/api/v1/cases/{id}/dossier', { params: { path: { id } }, signal })))

/** Where a dossier is read or saved. */
export const dossierLink = (id: string, format: 'html' | 'xlsx' | 'csv' | 'geojson', lang: string) => `/api/v1/cases/${encodeURIComponent(id)}/dossier/${format}?lang=${lang}`
