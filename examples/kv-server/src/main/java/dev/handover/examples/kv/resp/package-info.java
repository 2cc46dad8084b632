/** The front end: Redis' protocol (RESP2 and RESP3) over TCP, and its commands turned into writes and reads of the store. */
@NullMarked
package dev.handover.examples.kv.resp;

import org.jspecify.annotations.NullMarked;
