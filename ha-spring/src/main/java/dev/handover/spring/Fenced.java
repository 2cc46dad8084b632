package dev.handover.spring;

import java.lang.annotation.Documented;
import java.lang.annotation.ElementType;
import java.lang.annotation.Retention;
import java.lang.annotation.RetentionPolicy;
import java.lang.annotation.Target;
import org.springframework.aot.hint.annotation.Reflective;

/**
 * Lets a method through only with the newest epoch, by asking the {@link dev.handover.fencing.FencingGuard} bean of that name; a caller that was deposed without knowing it gets a {@link
 * dev.handover.FencedException}.
 *
 * <p>The epoch is that of the method's {@link Epoch} or {@code Leadership.Leading} parameter, or else of the {@link LeaderOnly} method that calls it on this thread.
 *
 * <p>Remembering and refusing must be one atomic step with the write that they protect. So a {@link dev.handover.fencing.JdbcFence} needs a transaction of its own data source around the method ({@code @Transactional} on it or a caller): its row is
 * updated in it, before the method runs, and a refusal rolls it back. An {@link dev.handover.fencing.InMemoryFence} keeps calls of different epochs apart. Any other guard is only asked before the method.
 */
@Documented
@Reflective // native images: the advice reads the annotation and calls the method
@Retention(RetentionPolicy.RUNTIME)
@Target(ElementType.METHOD)
public @interface Fenced {
    /** Name of the guard's bean. Can be left out where there is only one. */
    String value() default "";
}
