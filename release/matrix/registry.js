// A package registry on the loopback interface with only the given packages. The package has no dependencies, so no
// others are needed.
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { basename } from 'node:path';

export class Registry {
  #server;
  #files = new Map();
  #packuments = new Map();
  url;
  /** Whether the registry drops requests, as if there were no network, and the number of requests. */
  isDown = false;
  requests = 0;

  async open() {
    this.#server = createServer((request, response) => this.#answer(request, response));
    this.#server.listen(0, '127.0.0.1');
    await once(this.#server, 'listening');
    this.url = `http://127.0.0.1:${this.#server.address().port}`;
    return this;
  }

  /** Publishes a tarball of npm pack. */
  publish(tarball) {
    const bytes = readFileSync(tarball);
    const manifest = JSON.parse(execFileSync('tar', ['-xzOf', tarball, 'package/package.json'], { encoding: 'utf8' }));
    const { name, version } = manifest;
    const path = `/${name}/-/${basename(tarball)}`;
    const dist = {
      tarball: `${this.url}${path}`,
      shasum: createHash('sha1').update(bytes).digest('hex'),
      integrity: `sha512-${createHash('sha512').update(bytes).digest('base64')}`,
    };
    // The short form of package metadata in the npm registry has this property for a package with an install script.
    const hasInstallScript = ['preinstall', 'install', 'postinstall'].some(
      (script) => script in (manifest.scripts ?? {}),
    );
    this.#files.set(path, bytes);
    this.#packuments.set(`/${name}`, {
      name,
      'dist-tags': { latest: version },
      time: { [version]: new Date(0).toISOString() },
      versions: { [version]: { ...manifest, ...(hasInstallScript && { hasInstallScript }), dist } },
    });
  }

  #answer(request, response) {
    this.requests += 1;
    if (this.isDown) {
      request.socket.destroy();
      return;
    }
    const packument = this.#packuments.get(request.url);
    if (packument !== undefined) {
      response.setHeader('content-type', 'application/json').end(JSON.stringify(packument));
    } else if (this.#files.has(request.url)) {
      response.setHeader('content-type', 'application/octet-stream').end(this.#files.get(request.url));
    } else {
      response.writeHead(404).end('{}');
    }
  }

  close() {
    this.#server.close();
    this.#server.closeAllConnections();
  }
}
