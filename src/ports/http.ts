export interface HttpRequest {
  readonly url: string;
  readonly method: 'GET' | 'HEAD' | 'POST';
  readonly headers?: Readonly<Record<string, string>>;
  /** PEM file of certificate authorities to trust instead of those of this system. */
  readonly caFile?: string;
  /** Bytes of the body that are kept; the rest is not read. 0: the body is not waited for. */
  readonly maxBodyBytes: number;
  readonly signal: AbortSignal;
}

export interface HttpResponse {
  readonly status: number;
  readonly body: string;
  readonly bodyTruncated: boolean;
  /** End of the server certificate's validity, milliseconds since 1970; null without TLS. */
  readonly certificateEndMs: number | null;
}

/**
 * One HTTP request, no redirects followed. A failure to get an answer (also: the signal was aborted before) is a
 * value: it is what a check looks for.
 */
export interface Http {
  /** @throws GoodbootError FILE_UNREADABLE when `caFile` cannot be read */
  request(request: HttpRequest): Promise<HttpResponse | { readonly failure: string }>;
}
