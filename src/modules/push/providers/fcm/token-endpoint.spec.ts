import { tokenEndpoint } from './token-endpoint';

describe("where a service account's access tokens come from", () => {
  const open = { production: false };
  it.each([
    ['https://oauth2.googleapis.com/token', true],
    ['https://accounts.google.com/o/oauth2/token', true],
    ['https://www.googleapis.com/oauth2/v4/token', true],
  ])('%s is followed, to public addresses only', (uri, publicOnly) => {
    expect(tokenEndpoint(uri, open)).toEqual({ url: new URL(uri), publicOnly });
  });

  it.each([
    'no url',
    'http://oauth2.googleapis.com/token',
    'https://oauth2.googleapis.com:3306/token',
    'https://user:pass@oauth2.googleapis.com/token',
    'ftp://oauth2.googleapis.com/token',
    'file:///etc/passwd',
    'gopher://127.0.0.1/x',
    'http://127.0.0.1:3000/token',
    'https://localhost:3000/token',
    'https://localhost/token',
    'https://metadata.internal/token',
    'https://metadata.google.internal/token',
    'https://169.254.169.254/token',
    'https://[::1]/token',
    'https://10.0.0.1/token',
    'https://oauth2.googleapis.com.example.com/token',
    'https://evilgoogleapis.com/token',
    'https://gateway.example.com/token',
  ])('%s is refused', (uri) => {
    expect(typeof tokenEndpoint(uri, open)).toBe('string');
  });

  it('may be the machine that the operator named; in production, only the very same origin', () => {
    const fcmUrl = 'https://127.0.0.1:4000';
    const same = 'https://127.0.0.1:4000/token';
    const beside = ['http://localhost:4001/token', 'https://127.0.0.1:9/token'];
    for (const production of [true, false]) {
      expect(tokenEndpoint(same, { fcmUrl, production })).toEqual({ url: new URL(same), publicOnly: false });
    }
    for (const uri of beside) {
      expect(tokenEndpoint(uri, { fcmUrl, production: false })).toMatchObject({ publicOnly: false });
      expect(typeof tokenEndpoint(uri, { fcmUrl, production: true })).toBe('string');
    }
    expect(typeof tokenEndpoint('http://10.0.0.1:4000/token', { fcmUrl, production: false })).toBe('string');
  });
});
