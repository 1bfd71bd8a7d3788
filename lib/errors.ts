/** Errors as users see them: a code to test, a message that names what and where. */
import { getSystemErrorName } from 'node:util';

/** An error of the operating system, as Node's own look. */
export interface SystemError extends Error {
  /** "ENOSPC", "EBADF"… */
  code: string;
  /** Positive errno value. */
  errno: number;
  /** The operation that failed. */
  syscall: string;
}

/** An Error with a `code` of our own (ERR_FLUMEN_…). */
export function flumenError(code: string, message: string): Error & { code: string } {
  return Object.assign(new Error(message), { code });
}

/** "ENOSPC" for 28; "errno 4000" for a number the system does not know. */
export function errnoName(errno: number): string {
  try {
    return getSystemErrorName(-errno);
  } catch {
    return `errno ${errno}`;
  }
}

/** `what` names the thing it happened to: "client 7", "fd 12". */
export function systemError(errno: number, syscall: string, what: string): SystemError {
  const code = errnoName(errno);
  return Object.assign(new Error(`${what}: ${code} in ${syscall}`), { code, errno, syscall });
}

/** Gives an error thrown by the addon its code and says what it happened to. Other errors come back as they are. */
export function fromNative(error: unknown, what: string): unknown {
  const { errno, syscall } = (error ?? {}) as Partial<SystemError>;
  // Node's own errors carry negative numbers.
  return typeof errno === 'number' ? systemError(Math.abs(errno), syscall ?? '', what) : error;
}
