// TLS on a connection to PostgreSQL: asked for in its protocol, then verified as the address demands.
// Sources: PostgreSQL documentation, "Message Flow" (SSL Session Encryption, 53.2.10); "SSL Support" (libpq, 34.19).
import { readFileSync } from 'node:fs';
import { isIP, type Socket } from 'node:net';
import { type ConnectionOptions, connect, type TLSSocket } from 'node:tls';
import type { Tls } from '../../addresses/postgres-tls.js';

/** The server has no TLS, or none that we trust. */
export class TlsRefusedError extends Error {
  override readonly name = 'TlsRefusedError';
}

/** Length 8, then the code 80877103. */
const SSL_REQUEST = Buffer.from([0, 0, 0, 8, 4, 210, 22, 47]);

/** Does the server want TLS on this connection? @throws TlsRefusedError when it answers anything but yes or no */
export async function asksForTls(socket: Socket, signal: AbortSignal): Promise<boolean> {
  socket.write(SSL_REQUEST);
  const answer = await firstData(socket, signal);
  if (answer === undefined) throw Object.assign(new Error('the server closed the connection'), { code: 'ECONNRESET' });
  const text = answer.toString('latin1');
  if (text === 'S') return true;
  if (text === 'N') {
    // Nobody listens yet: what comes next waits.
    socket.pause();
    return false;
  }
  socket.destroy();
  // More than one byte: somebody in between adds plain text that would count as received under encryption.
  throw new TlsRefusedError(
    text.startsWith('S') || text.startsWith('N')
      ? 'the server sent more than an answer before TLS began: somebody may be in between'
      : 'what listens there does not speak the protocol of PostgreSQL',
  );
}

/** undefined = the connection was closed instead. */
function firstData(socket: Socket, signal: AbortSignal): Promise<Buffer | undefined> {
  return new Promise((resolve, reject) => {
    const settle = (act: () => void) => {
      socket.off('data', onData).off('error', onError).off('close', onClose);
      signal.removeEventListener('abort', onAbort);
      act();
    };
    const onData = (data: Buffer) => settle(() => resolve(data));
    const onError = (error: Error) => settle(() => reject(error));
    const onClose = () => settle(() => resolve(undefined));
    const onAbort = () => {
      settle(() => reject(signal.reason));
      socket.destroy();
    };
    socket.on('data', onData).on('error', onError).on('close', onClose);
    signal.addEventListener('abort', onAbort, { once: true });
  });
}

/** @param host as it was written: the certificate is for that name. @throws TlsRefusedError with one sentence */
export function secured(socket: Socket, tls: Tls, host: string, signal: AbortSignal): Promise<TLSSocket> {
  return new Promise((resolve, reject) => {
    let stream: TLSSocket;
    try {
      stream = connect(optionsOf(tls, socket, host));
    } catch (error) {
      reject(error);
      return;
    }
    const fail = (error: Error) => {
      stream.destroy();
      reject(refusalOf(error, tls, host));
    };
    const giveUp = () => fail(signal.reason);
    const closed = () => fail(Object.assign(new Error('the server closed the connection'), { code: 'ECONNRESET' }));
    signal.addEventListener('abort', giveUp, { once: true });
    stream.once('error', fail).once('close', closed);
    stream.once('secureConnect', () => {
      signal.removeEventListener('abort', giveUp);
      stream.off('error', fail).off('close', closed);
      stream.pause();
      resolve(stream);
    });
  });
}

/** @throws Error with a sentence when a certificate's file cannot be used */
function optionsOf(tls: Tls, socket: Socket, host: string): ConnectionOptions {
  const { verifies, ca, revoked, client, sendsName, minVersion, maxVersion, isDirect } = tls;
  return {
    socket,
    host,
    rejectUnauthorized: verifies !== 'nothing',
    minVersion,
    ...(maxVersion === undefined ? {} : { maxVersion }),
    ...(verifies === 'host' ? {} : { checkServerIdentity: () => undefined }),
    // A server's name in the greeting is never an address (RFC 6066, 3).
    ...(sendsName && isIP(host) === 0 ? { servername: host } : {}),
    ...(ca === undefined ? {} : { ca: contentOf(ca) }),
    ...(revoked === undefined ? {} : { crl: contentOf(revoked) }),
    ...(client === undefined ? {} : { cert: contentOf(client.cert), key: contentOf(client.key) }),
    ...(client?.password === undefined ? {} : { passphrase: client.password }),
    ...(isDirect ? { ALPNProtocols: ['postgresql'] } : {}),
  };
}

function contentOf(file: string): Buffer {
  try {
    return readFileSync(file);
  } catch (error) {
    throw new TlsRefusedError(`the certificate file ${file} cannot be read (${(error as NodeJS.ErrnoException).code})`);
  }
}

const UNKNOWN_AUTHORITY =
  /^(DEPTH_ZERO_SELF_SIGNED_CERT|SELF_SIGNED_CERT_IN_CHAIN|UNABLE_TO_GET_ISSUER_CERT(_LOCALLY)?|UNABLE_TO_VERIFY_LEAF_SIGNATURE|CERT_SIGNATURE_FAILURE)$/;

function refusalOf(error: Error, { asked, ca }: Tls, host: string): Error {
  const code = 'code' in error && typeof error.code === 'string' ? error.code : '';
  const because = (what: string) => new TlsRefusedError(`${what} (${asked})`, { cause: error });
  if (UNKNOWN_AUTHORITY.test(code)) {
    return because(
      ca === undefined
        ? "the server's certificate is not signed by a public authority; name its own with sslrootcert=<file>"
        : `the server's certificate is not signed by an authority in ${ca}`,
    );
  }
  if (code === 'ERR_TLS_CERT_ALTNAME_INVALID') return because(`the server's certificate is not for the name ${host}`);
  if (code === 'CERT_HAS_EXPIRED') return because("the server's certificate has expired");
  if (code === 'CERT_NOT_YET_VALID') return because("the server's certificate is not valid yet");
  if (code === 'CERT_REVOKED') return because("the server's certificate was revoked");
  if (code.startsWith('ERR_SSL') || code.startsWith('ERR_OSSL'))
    return because(`TLS failed: ${error.message.replace(/\s+$/, '')}`);
  return error;
}
