package dev.handover.spring;

import java.lang.annotation.Documented;
import java.lang.annotation.ElementType;
import java.lang.annotation.Retention;
import java.lang.annotation.RetentionPolicy;
import java.lang.annotation.Target;
import org.springframework.aot.hint.annotation.Reflective;

/**
 * Runs a bean's method only where this instance leads, {@code @Scheduled} methods too:
 *
 * <pre>{@code
 * @LeaderOnly("orders")
 * @Scheduled(fixedDelayString = "10s")
 * void bill(Leadership.Leading leading) { ... }
 * }</pre>
 *
 * <p>Before each call it is checked, and never remembered, that this instance leads: of a group, by asking the in-sync replicas, which is one exchange of messages; of an election, on the monotonic clock. Between that and what the
 * method does the process may be paused. Where this matters hand the epoch to the resource: see {@link Fenced}.
 *
 * <p>A parameter of type {@link dev.handover.leadership.Leadership.Leading}, or a {@code long} with {@link Epoch}, gets the leadership that was checked, whatever the caller gives; a {@code @Scheduled} method may have these parameters and no
 * others. Long work asks {@code Leading.isValid()} between its steps.
 *
 * <p>Elsewhere a {@code void} method is skipped; one that returns a {@link java.util.concurrent.CompletionStage} gives a failed one, an {@link java.util.Optional} an empty one, and any other throws: the failure is a {@link
 * dev.handover.NotLeaderException} that names who leads. The meter {@code handover.leader.only} counts what ran and what did not.
 *
 * <p>The call must come from outside of the bean, through its proxy; the method must be neither private nor final.
 */
@Documented
@Reflective // native images: the advice reads the annotation and calls the method
@Retention(RetentionPolicy.RUNTIME)
@Target(ElementType.METHOD)
public @interface LeaderOnly {
    /** Name of the group, or of the bean that is a {@link dev.handover.leadership.LeadershipSource}, such as an election. Can be left out where there is only one of them all. */
    String value() default "";

    /** Whether a {@code void} method throws, instead of being skipped, where this instance does not lead. */
    boolean refuse() default false;
}
