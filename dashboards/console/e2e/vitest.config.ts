// The whole program in a browser: `make test-console`, or with PHUSONG=path/to/phusong
// `npm run e2e`. One service and one browser at a time: they need the machine.
import { fileURLToPath } from 'node:url'
import { defineConfig } from 'vitest/config'

export default defineConfig({
  root: fileURLToPath(new URL('.', import.meta.url)),
  test: {
    environment: 'node',
    include: ['*.test.ts'],
    globalSetup: './setup.ts',
    fileParallelism: false,
    // Upper bounds for a slow machine under load; nothing waits for them to pass.
    testTimeout: 300_000,
    hookTimeout: 600_000,
  },
})
