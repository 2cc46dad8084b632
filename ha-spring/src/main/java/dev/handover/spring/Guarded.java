package dev.handover.spring;

import java.lang.annotation.Documented;
import java.lang.annotation.ElementType;
import java.lang.annotation.Retention;
import java.lang.annotation.RetentionPolicy;
import java.lang.annotation.Target;
import org.springframework.aot.hint.annotation.Reflective;

/**
 * Puts a {@link dev.handover.guard.Guard} around a bean's method: the application's bean of that name, or its {@code Guard} bean that has that name itself, or one with the properties {@code handover.guards.NAME}, or else one with the defaults, which is made when it is first needed.
 *
 * <pre>{@code
 * @Guarded("inventory")
 * int stock(String item) { ... }
 * }</pre>
 *
 * <p>A method that returns a {@link java.util.concurrent.CompletionStage} is guarded until that completes, and given up after the time limit; its refusals come through it. Others run on the caller's thread, and refusals are thrown: {@link
 * dev.handover.guard.GuardRefusedException}.
 *
 * <p>A {@link LeaderOnly} of the same method is outside of the guard; a transaction is inside, so each attempt has its own. The call must come from outside of the bean, through its proxy; the method must be neither private nor final.
 */
@Documented
@Reflective // native images: the advice reads the annotation and calls the method
@Retention(RetentionPolicy.RUNTIME)
@Target(ElementType.METHOD)
public @interface Guarded {
    /** Name of the guard. Can be left out where there is one {@code Guard} bean only. */
    String value() default "";

    /** Whether the method does no harm when it runs twice: only then is it tried again after whatever failure, if the guard has retries. */
    boolean idempotent() default false;

    /** Whether it is control traffic, for which the guard keeps a reserve. */
    boolean control() default false;
}
