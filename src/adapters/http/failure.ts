const UNKNOWN_AUTHORITY = 'the certificate is not signed by a trusted authority';
const NO_NAME = 'the name does not resolve';

/** What the codes of node:net, node:tls and OpenSSL mean to a person. */
const MEANING: Readonly<Record<string, string>> = {
  ABORT_ERR: 'no answer',
  ECONNREFUSED: 'connection refused',
  ECONNRESET: 'the connection was closed before an answer',
  EHOSTUNREACH: 'no way to the host',
  ENETUNREACH: 'no way to the network',
  ETIMEDOUT: 'no answer',
  ENOTFOUND: NO_NAME,
  EAI_AGAIN: NO_NAME,
  EPROTO: 'the TLS handshake failed',
  CERT_HAS_EXPIRED: 'the certificate has expired',
  CERT_NOT_YET_VALID: 'the certificate is not valid yet (is the clock right?)',
  CERT_REVOKED: 'the certificate is revoked',
  ERR_TLS_CERT_ALTNAME_INVALID: 'the certificate is for another name',
  DEPTH_ZERO_SELF_SIGNED_CERT: UNKNOWN_AUTHORITY,
  SELF_SIGNED_CERT_IN_CHAIN: UNKNOWN_AUTHORITY,
  UNABLE_TO_GET_ISSUER_CERT: UNKNOWN_AUTHORITY,
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY: UNKNOWN_AUTHORITY,
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: UNKNOWN_AUTHORITY,
};

/** Why a request had no answer, in a few words, with the code to look for: `connection refused (ECONNREFUSED)`. */
export function describeFailure(error: Error): string {
  const code = 'code' in error ? String(error.code) : null;
  if (code === null) return error.message;
  if (code === 'ABORT_ERR') return 'no answer';
  return `${MEANING[code] ?? meaningOfKind(code) ?? error.message} (${code})`;
}

function meaningOfKind(code: string): string | null {
  if (code.startsWith('HPE_')) return 'the answer is not HTTP';
  return code.startsWith('ERR_SSL_') ? MEANING['EPROTO']! : null;
}
