package dev.handover.spring;

import dev.handover.guard.Guard;
import java.lang.reflect.Method;
import java.util.Objects;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.CompletionStage;
import java.util.function.Supplier;
import org.aopalliance.intercept.MethodInterceptor;
import org.aopalliance.intercept.MethodInvocation;
import org.jspecify.annotations.Nullable;
import org.springframework.aop.ProxyMethodInvocation;
import org.springframework.core.annotation.AnnotatedElementUtils;

/** Runs a {@link Guarded} method through its guard. */
final class GuardedInterceptor implements MethodInterceptor {
    private final Supplier<GuardBeans> guards;

    GuardedInterceptor(Supplier<GuardBeans> guards) {
        this.guards = guards;
    }

    @Override
    public @Nullable Object invoke(MethodInvocation invocation) throws Throwable {
        Method method = Invocations.method(invocation);
        Guarded rule = AnnotatedElementUtils.findMergedAnnotation(method, Guarded.class);
        if (rule == null) {
            return invocation.proceed();
        }
        Guard guard = guards.get().get(rule.value());
        guard = rule.idempotent() ? guard.idempotent() : guard;
        guard = rule.control() ? guard.control() : guard;
        Class<?> type = method.getReturnType();
        if (CompletionStage.class.isAssignableFrom(type) && type.isAssignableFrom(CompletableFuture.class)) {
            return guard.stage(() -> stage(invocation));
        }
        return guard.<@Nullable Object>call(() -> {
            try {
                return copy(invocation).proceed();
            } catch (Exception | Error e) {
                throw e;
            } catch (Throwable e) {
                throw new IllegalStateException(method + " threw what is neither Exception nor Error", e);
            }
        });
    }

    @SuppressWarnings("unchecked")
    private static CompletionStage<Object> stage(MethodInvocation invocation) {
        try {
            return (CompletionStage<Object>)
                    Objects.requireNonNull(copy(invocation).proceed(), "no stage");
        } catch (RuntimeException | Error e) {
            throw e;
        } catch (Throwable e) {
            throw new CompletionException(e);
        }
    }

    /** An invocation goes its way through the interceptors once, so each attempt gets a copy. */
    private static MethodInvocation copy(MethodInvocation invocation) {
        return invocation instanceof ProxyMethodInvocation proxied ? proxied.invocableClone() : invocation;
    }
}
