import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { PreparedFile } from './prepared-file';

/** What the page loads of Swagger UI, which @nestjs/swagger brings. */
const ASSETS = {
  'swagger-ui.css': 'text/css; charset=utf-8',
  'swagger-ui-bundle.js': 'text/javascript; charset=utf-8',
  'swagger-ui-standalone-preset.js': 'text/javascript; charset=utf-8',
  'favicon-16x16.png': 'image/png',
  'favicon-32x32.png': 'image/png',
};

/** A file of its own, because the page may run no script that is written into it. */
const START = `const url = new URL('openapi.json', document.currentScript.src).href;
window.onload = () => {
  window.ui = SwaggerUIBundle({
    url,
    dom_id: '#swagger-ui',
    deepLinking: true,
    presets: [SwaggerUIBundle.presets.apis, SwaggerUIStandalonePreset],
    layout: 'BaseLayout',
  });
};
`;

const page = (base: string): string => `<!DOCTYPE html>
<html lang="en">
<head>
  <meta charset="utf-8">
  <title>Parley API</title>
  <meta name="viewport" content="width=device-width, initial-scale=1">
  <link rel="stylesheet" href="${base}swagger-ui.css">
  <link rel="icon" type="image/png" href="${base}favicon-32x32.png" sizes="32x32">
  <link rel="icon" type="image/png" href="${base}favicon-16x16.png" sizes="16x16">
  <style>body { margin: 0; background: #fafafa; }</style>
</head>
<body>
  <div id="swagger-ui"></div>
  <script src="${base}swagger-ui-bundle.js"></script>
  <script src="${base}swagger-ui-standalone-preset.js"></script>
  <script src="${base}swagger-ui-init.js"></script>
</body>
</html>
`;

/** The page that shows the documents; `base` is where its files are, seen from its own address. */
export const docsPage = (base: string): PreparedFile =>
  new PreparedFile(Buffer.from(page(base)), 'text/html; charset=utf-8');

/** Everything that the page loads, by file name: nothing else is ever served. */
export function docsAssets(): ReadonlyMap<string, PreparedFile> {
  const from = dirname(require.resolve('@nestjs/swagger'));
  const folder = dirname(require.resolve('swagger-ui-dist/package.json', { paths: [from] }));
  const files = Object.entries(ASSETS).map(
    ([name, type]) => [name, new PreparedFile(readFileSync(join(folder, name)), type)] as const,
  );
  const start = new PreparedFile(Buffer.from(START), 'text/javascript; charset=utf-8');
  return new Map([...files, ['swagger-ui-init.js', start], ['index.html', docsPage('./')]]);
}
