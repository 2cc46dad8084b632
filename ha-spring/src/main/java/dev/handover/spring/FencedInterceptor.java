package dev.handover.spring;

import dev.handover.fencing.FencingGuard;
import dev.handover.fencing.InMemoryFence;
import dev.handover.fencing.JdbcFence;
import dev.handover.leadership.Leadership;
import java.lang.reflect.Method;
import java.util.concurrent.Callable;
import org.aopalliance.intercept.MethodInterceptor;
import org.aopalliance.intercept.MethodInvocation;
import org.jspecify.annotations.Nullable;
import org.springframework.beans.factory.BeanFactory;
import org.springframework.core.annotation.AnnotatedElementUtils;

/** Asks the guard before a {@link Fenced} method runs: inside the transaction, if there is one. */
final class FencedInterceptor implements MethodInterceptor {
    private final BeanFactory beans;

    FencedInterceptor(BeanFactory beans) {
        this.beans = beans;
    }

    /** What the method threw, on its way through a {@link Callable}. */
    private static final class Thrown extends Exception {
        private static final long serialVersionUID = 1L;

        Thrown(Throwable cause) {
            super(cause);
        }
    }

    @Override
    public @Nullable Object invoke(MethodInvocation invocation) throws Throwable {
        Method method = Invocations.method(invocation);
        Fenced rule = AnnotatedElementUtils.findMergedAnnotation(method, Fenced.class);
        if (rule == null) {
            return invocation.proceed();
        }
        long epoch = epoch(method, invocation.getArguments());
        FencingGuard guard = rule.value().isEmpty()
                ? beans.getBean(FencingGuard.class)
                : beans.getBean(rule.value(), FencingGuard.class);
        if (guard instanceof InMemoryFence fence) {
            return inMemory(fence, epoch, invocation);
        }
        if (guard instanceof JdbcFence fence) {
            TransactionalFence.check(fence, epoch, method);
        } else {
            guard.admit(epoch);
        }
        return invocation.proceed();
    }

    private static @Nullable Object inMemory(InMemoryFence fence, long epoch, MethodInvocation invocation)
            throws Throwable {
        try {
            return fence.<@Nullable Object>call(epoch, () -> {
                try {
                    return invocation.proceed();
                } catch (Throwable e) {
                    throw new Thrown(e);
                }
            });
        } catch (Thrown e) {
            throw e.getCause();
        }
    }

    private static long epoch(Method method, @Nullable Object[] arguments) {
        Long given = LeadershipArguments.epoch(method, arguments);
        if (given != null) {
            return given;
        }
        Leadership.Leading leading = LeaderOnlyInterceptor.scope();
        if (leading == null) {
            throw new IllegalStateException(
                    method + " is @Fenced, and there is no epoch to fence it with: call it from a"
                            + " @LeaderOnly method on the same thread, or give it a parameter Leadership.Leading or @Epoch long");
        }
        return leading.epoch();
    }
}
