/** Values that every module shares, and the exceptions, each of which answers "may I retry?". */
@NullMarked
package dev.handover;

import org.jspecify.annotations.NullMarked;
