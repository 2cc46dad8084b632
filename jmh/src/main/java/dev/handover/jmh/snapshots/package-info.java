/** What snapshots cost: commits while one is installed elsewhere, and starts. */
@NullMarked
package dev.handover.jmh.snapshots;

import org.jspecify.annotations.NullMarked;
