/**
 * What operators and load balancers may know of a node: health that is checked and not remembered, a snapshot for people, actions. No network in it: ha-netty serves it on a port of its own,
 * and an application may serve it where it likes, see {@link dev.handover.ops.OpsPage}.
 */
@NullMarked
package dev.handover.ops;

import org.jspecify.annotations.NullMarked;
