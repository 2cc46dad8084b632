/** A replicated key-value server that Redis clients can use: the command line, and the pieces put together. */
@NullMarked
package dev.handover.examples.kv;

import org.jspecify.annotations.NullMarked;
