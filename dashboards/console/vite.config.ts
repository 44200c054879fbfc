import preact from '@preact/preset-vite'
import { defineConfig } from 'vitest/config'

/// <reference types="node" />
// Two entries: the console for a desk, and the page for a phone in the field, which has to
// arrive over a slow network and so shares only what is small.
export default defineConfig({
  plugins: [preact()],
  build: {
    outDir: 'dist/web',
    emptyOutDir: true,
    target: 'es2022',
    assetsInlineLimit: 0, // the content security policy allows no data: URLs but for images
    modulePreload: { polyfill: false },
    chunkSizeWarningLimit: 1200,
    rollupOptions: { input: { console: 'index.html', field: 'field.html' } },
  },
  // The runbooks of docs/ are pages of the console too.
  server: { fs: { allow: ['.', '../../docs/runbooks'] }, proxy: Object.fromEntries(['/api', '/alertmanager'].map((path) => [path, process.env['PHUSONG_URL'] ?? 'http://127.0.0.1:8080'])) },
  test: { environment: 'happy-dom', include: ['src/**/*.test.{ts,tsx}'], restoreMocks: true },
})
