#ifndef CTL_INI_H
#define CTL_INI_H

/* Parts of a configuration, printed as pmadd reads them. */
#include "config.h"

/* One pool: its size, its classes, and what is asked of the system for it. */
void ctl_ini_pool(const struct config *config, enum config_pool_id id);

/* The keys of [limits] that somebody has given; the others have their defaults. */
void ctl_ini_limits(const struct config *config);

#endif
