/** What a call did otherwise than it was asked, without failing: `warnings` of its answer. */
export interface Warning {
  /** As in an error: the field that the client wrote. */
  field: string;
  message: string;
}
