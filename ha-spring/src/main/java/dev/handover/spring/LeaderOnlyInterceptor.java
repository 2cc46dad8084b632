package dev.handover.spring;

import dev.handover.NotLeaderException;
import dev.handover.leadership.Leadership;
import java.lang.reflect.Method;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.function.Supplier;
import org.aopalliance.intercept.MethodInterceptor;
import org.aopalliance.intercept.MethodInvocation;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.springframework.aop.ProxyMethodInvocation;
import org.springframework.core.annotation.AnnotatedElementUtils;

/** Looks who leads before a {@link LeaderOnly} method runs. */
final class LeaderOnlyInterceptor implements MethodInterceptor {
    private static final Logger LOG = LoggerFactory.getLogger(LeaderOnlyInterceptor.class);
    private static final ThreadLocal<Leadership.@Nullable Leading> SCOPE = new ThreadLocal<>();

    /** Told of every call. */
    interface Counts {
        void count(String name, String method, boolean ran);
    }

    private final Supplier<LeadershipSources> sources;
    private final Supplier<Counts> counts;

    LeaderOnlyInterceptor(Supplier<LeadershipSources> sources, Supplier<Counts> counts) {
        this.sources = sources;
        this.counts = counts;
    }

    /** The leadership that the method under way on this thread runs in. */
    static Leadership.@Nullable Leading scope() {
        return SCOPE.get();
    }

    @Override
    public @Nullable Object invoke(MethodInvocation invocation) throws Throwable {
        Method method = Invocations.method(invocation);
        LeaderOnly rule = AnnotatedElementUtils.findMergedAnnotation(method, LeaderOnly.class);
        if (rule == null) {
            return invocation.proceed();
        }
        LeadershipSources.Named named = sources.get().get(rule.value());
        Leadership.Leading leading = LeadershipSources.checked(named.source());
        String called = method.getDeclaringClass().getSimpleName() + "." + method.getName();
        counts.get().count(named.name(), called, leading != null);
        if (leading == null) {
            return elsewhere(rule, named.name(), method, called, named.source().current());
        }
        if (invocation instanceof ProxyMethodInvocation proxied) {
            proxied.setArguments(LeadershipArguments.filled(method, invocation.getArguments(), leading));
        }
        Leadership.Leading outer = SCOPE.get();
        SCOPE.set(leading);
        try {
            return invocation.proceed();
        } finally {
            if (outer == null) {
                SCOPE.remove();
            } else {
                SCOPE.set(outer);
            }
        }
    }

    private static @Nullable Object elsewhere(
            LeaderOnly rule, String name, Method method, String called, Leadership known) {
        Class<?> type = method.getReturnType();
        if (type == void.class && !rule.refuse()) {
            LOG.debug("{} is skipped: this instance does not lead {}: {}", called, name, known);
            return null;
        }
        if (type == Optional.class) {
            return Optional.empty();
        }
        NotLeaderException failure = new NotLeaderException(called + " runs only where '" + name
                + "' is led, and that is not here (" + known + "); ask the instance that leads");
        if (CompletionStage.class.isAssignableFrom(type) && type.isAssignableFrom(CompletableFuture.class)) {
            return CompletableFuture.failedFuture(failure);
        }
        throw failure;
    }
}
