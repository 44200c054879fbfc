import { Page } from '../../ui'

export default function Map() {
  return <Page title="Map">…</Page>
}
