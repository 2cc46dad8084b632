package dev.handover.spring;

import java.lang.annotation.Documented;
import java.lang.annotation.ElementType;
import java.lang.annotation.Retention;
import java.lang.annotation.RetentionPolicy;
import java.lang.annotation.Target;

/** On a {@code long} parameter of a {@link LeaderOnly} method: the epoch of the leadership it runs in. On one of a {@link Fenced} method: the epoch to be fenced with. */
@Documented
@Retention(RetentionPolicy.RUNTIME)
@Target(ElementType.PARAMETER)
public @interface Epoch {}
