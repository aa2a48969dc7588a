/** One XMPP client of the generator: plain TCP, SASL PLAIN, and a count of the messages that it hears. */
import { connect } from 'node:net';
import { HOST } from './ejabberd.mjs';

const END = Buffer.from('</message>');
const STREAM = `<stream:stream to='${HOST}' xmlns='jabber:client' xmlns:stream='http://etherx.jabber.org/streams' version='1.0'>`;
const LOGIN_MS = 20_000;

export class XmppClient {
  /** @type {((messages: number) => void) | undefined} */
  onMessages;
  /** @type {{ until: string, resolve: () => void, reject: (why: Error) => void } | undefined} */
  #waiting;
  #text = '';
  /** Bytes of the last message's end that have come so far. */
  #matched = 0;

  /** @param {number} port @param {string} user */
  constructor(port, user) {
    this.user = user;
    this.jid = `${user}@${HOST}/bench`;
    this.socket = connect({ host: '127.0.0.1', port });
    this.socket.setNoDelay(true);
    this.socket.on('data', (chunk) => (this.#waiting ? this.#onText(chunk) : this.#onMessages(chunk)));
    const fail = (/** @type {Error | undefined} */ why) =>
      this.#waiting?.reject(why ?? new Error('ejabberd closed the connection'));
    this.socket.on('error', fail);
    this.socket.on('close', () => fail(undefined));
  }

  /** Authenticates, binds and becomes available. @param {string} password */
  async login(password) {
    const plain = Buffer.from(`\0${this.user}\0${password}`).toString('base64');
    await this.ask(STREAM, '</stream:features>');
    await this.ask(`<auth xmlns='urn:ietf:params:xml:ns:xmpp-sasl' mechanism='PLAIN'>${plain}</auth>`, '<success');
    await this.ask(STREAM, '</stream:features>');
    const bind = `<bind xmlns='urn:ietf:params:xml:ns:xmpp-bind'><resource>bench</resource></bind>`;
    await this.ask(`<iq type='set' id='b'>${bind}</iq>`, '</bind>');
    await this.ask('<presence/>', '<presence');
  }

  /** Says something and waits for what ends the answer. @param {string} text @param {string} until @returns {Promise<void>} */
  ask(text, until) {
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => reject(new Error(`${this.user} heard ${this.#text.slice(-300)}`)), LOGIN_MS);
      const settle = (/** @type {() => void} */ then) => () => {
        clearTimeout(timer);
        this.#waiting = undefined;
        then();
      };
      this.#text = '';
      this.#waiting = { until, resolve: settle(resolve), reject: (why) => settle(() => reject(why))() };
      this.socket.write(text);
    });
  }

  close() {
    this.socket.destroy();
  }

  /** @param {Buffer} chunk */
  #onText(chunk) {
    this.#text += chunk.toString('utf8');
    if (this.#text.includes(this.#waiting?.until ?? '')) this.#waiting?.resolve();
    else if (/<failure|type='error'/.test(this.#text)) this.#waiting?.reject(new Error(this.#text.slice(-300)));
  }

  /** @param {Buffer} chunk */
  #onMessages(chunk) {
    let messages = 0;
    if (this.#matched > 0) {
      const rest = END.subarray(this.#matched);
      if (chunk.subarray(0, rest.length).equals(rest)) messages++;
    }
    for (let at = chunk.indexOf(END); at !== -1; at = chunk.indexOf(END, at + END.length)) messages++;
    this.#matched = 0;
    for (let tail = END.length - 1; tail > 0 && this.#matched === 0; tail--) {
      if (chunk.length >= tail && chunk.subarray(chunk.length - tail).equals(END.subarray(0, tail)))
        this.#matched = tail;
    }
    if (messages > 0) this.onMessages?.(messages);
  }
}
