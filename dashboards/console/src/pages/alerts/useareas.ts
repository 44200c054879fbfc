// Areas by name: for filters, and for codes that people should not have to read.
import { answer, api, type Schemas } from '../../api/client'
import { useData } from '../../api/data'

export type Area = Schemas['Area']

export async function loadAreas(signal: AbortSignal): Promise<Area[]> {
  const all: Area[] = []
  let after = ''
  do {
    const page = await answer(api.GET('/api/v1/areas', { params: { query: { limit: 1000, ...(after ? { after } : {}) } }, signal }))
    all.push(...page.items)
    after = page.next ?? ''
  } while (after !== '')
  return all.sort((a, b) => a.name.localeCompare(b.name, 'vi'))
}

export interface Areas {
  list: readonly Area[]
  /** The name of a code; the code where it has none. */
  name: (code: string) => string
  /** Whether a place lies in an area; everything lies in the empty one. */
  within: (place: string | undefined, area: string) => boolean
}

export function areasOf(list: readonly Area[]): Areas {
  const by = new Map(list.map((a) => [a.code, a]))
  return {
    list,
    name: (code) => by.get(code)?.name ?? code,
    within: (place, area) => area === '' || place === area || (place !== undefined && by.get(place)?.parent === area),
  }
}

export function useAreas(): Areas {
  const data = useData('areas', loadAreas)
  return areasOf(data.value ?? [])
}
