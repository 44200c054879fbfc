import { cleanup, fireEvent, render, screen } from '@testing-library/preact'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { language } from '../../words'
import { verdicts } from '../../ui/verdict'
import { Legend } from './legend'
import { CellPopup } from './popup'
import type { Index } from './search'
import { SearchBox } from './searchbox'
import { ZoneList } from './zonelist'
import type { ZoneFeature } from './zones'

beforeEach(() => (language.value = 'en'))
afterEach(cleanup)
const names = (code: string) => (code === '25459' ? 'Tân Ninh' : code)

describe('the search box', () => {
  const index: Index = { entries: [{ found: { kind: 'area', id: '1', title: 'Xã Gò Dầu' }, texts: ['go dau'] }, { found: { kind: 'site', id: 's', title: 'Trường Gò Chùa' }, texts: ['truong go chua'] }] }
  it('is used with the keyboard alone', () => {
    const choose = vi.fn()
    render(<SearchBox index={index} choose={choose} />)
    const box = screen.getByRole('combobox')
    fireEvent.input(box, { target: { value: 'gò' } })
    expect(screen.getAllByRole('option')).toHaveLength(2)
    fireEvent.keyDown(box, { key: 'ArrowDown' })
    expect(box.getAttribute('aria-activedescendant')).toBe(screen.getAllByRole('option')[1]!.id)
    fireEvent.keyDown(box, { key: 'Enter' })
    expect(choose).toHaveBeenCalledWith(expect.objectContaining({ id: 's' }))
    expect(screen.queryAllByRole('option')).toHaveLength(0)
  })
  it('says what to do where nothing is found', () => {
    render(<SearchBox index={index} choose={() => {}} />)
    fireEvent.input(screen.getByRole('combobox'), { target: { value: 'zzz' } })
    expect(screen.getByRole('status').textContent).toMatch(/Nothing found/)
  })
})

describe('the legend', () => {
  it('explains each verdict, counts it, and switches it', () => {
    const set = vi.fn()
    render(<Legend shown={{ layers: ['cells'], verdicts }} counts={{ dead: 3, gap: 0, covered: 1200, unproven: 9 }} set={set} />)
    expect(screen.getByText(/does not mean that there is coverage/)).toBeTruthy()
    expect(screen.getByText('1,200 cells')).toBeTruthy()
    fireEvent.click(screen.getByTestId('verdict-covered'))
    expect(set).toHaveBeenCalledWith({ layers: ['cells'], verdicts: ['dead', 'gap', 'unproven'] })
    fireEvent.click(screen.getByTestId('layer-devices'))
    expect(set).toHaveBeenLastCalledWith({ layers: ['cells', 'devices'], verdicts })
  })
})

describe('the list of zones', () => {
  const zone = { geometry: { type: 'MultiPolygon', coordinates: [] }, properties: { id: 'z', verdict: 'dead', operator: '45204', population_estimate: 1136, cells: 3, area_km2: 2.2, areas: ['25459'], born: '2026-11-12' } } as unknown as ZoneFeature
  it('says who is affected, where, and goes there', () => {
    const choose = vi.fn()
    render(<ZoneList zones={[zone]} names={names} chosen={undefined} choose={choose} />)
    const button = screen.getByRole('button')
    expect(button.textContent).toMatch(/about 1,136 residents.*Tân Ninh.*3 cells · 2.2 km²/)
    fireEvent.click(button)
    expect(choose).toHaveBeenCalledWith(zone)
  })
  it('says what to do next where there is none', () => {
    render(<ZoneList zones={[]} names={names} chosen={undefined} choose={() => {}} />)
    expect(screen.getByRole('link').getAttribute('href')).toBe('/survey')
  })
})

describe('a popup', () => {
  it('shows markup in a name as text', () => {
    render(<CellPopup cell={{ cell: '8865b1909bfffff', operator: '45204', verdict: 'gap', area: 'x', tests: 15, median_mbps: 42.9 }} names={() => '<img src=x onerror=alert(1)>'} />)
    expect(document.querySelector('img')).toBeNull()
    expect(screen.getByText('<img src=x onerror=alert(1)>')).toBeTruthy()
    expect(screen.getByRole('link').getAttribute('href')).toBe('/cells/8865b1909bfffff?operator=45204')
  })
  it('of a hexagon that stands for many says how many are what', () => {
    render(<CellPopup cell={{ cell: '8765b1909ffffff', operator: '45204', verdict: 'dead', cells: 7, dead: 1, gap: 0, covered: 4, unproven: 0 }} names={names} />)
    expect(screen.getByText('untested').nextElementSibling?.textContent).toBe('2')
    expect(screen.queryByRole('link')).toBeNull()
  })
})
