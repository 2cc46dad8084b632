/** The operator's command line. */
@NullMarked
package dev.handover.examples.admin;

import org.jspecify.annotations.NullMarked;
